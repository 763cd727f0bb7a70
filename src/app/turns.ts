import { contention } from "./tries.ts";

/** Work on one session, one after the other; other sessions do not wait. */
export interface Turns {
  of<T>(sessionId: string, work: () => Promise<T>): Promise<T>;
}

/** So much work waits for one session; more is told to come back. */
const MAX_WAITING = 1_000;

/**
 * Lets the commands of a session within one process go in the order they came, so that a fan-out that ends at one moment
 * does not make them all stale but one. Memory only: after a crash, or with writers elsewhere, the store still refuses
 * the stale. Work must end by itself and must not wait for more work on its own session. More than 1,000 waiting: 503.
 */
export const createTurns = (): Turns => {
  const queues = new Map<string, { last: Promise<unknown>; waiting: number }>();
  return {
    of: async (sessionId, work) => {
      const queue = queues.get(sessionId) ?? { last: Promise.resolve(), waiting: 0 };
      if (queue.waiting >= MAX_WAITING) throw contention();
      queues.set(sessionId, queue);
      queue.waiting += 1;
      const mine = queue.last.then(work);
      queue.last = mine.catch(() => undefined);
      try {
        return await mine;
      } finally {
        queue.waiting -= 1;
        if (queue.waiting === 0) queues.delete(sessionId);
      }
    },
  };
};
