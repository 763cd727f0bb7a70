import type { Clock, Hint, Hints, Log } from "../app/ports.ts";

/** The part of a Cloudflare Queue producer that is used. */
export interface HintQueue {
  sendBatch(messages: { body: HintMessage | ScheduleMessage; delaySeconds?: number }[]): Promise<unknown>;
}

/** A queue message: ids, never a payload. `call`: which call of the session is to be made. */
export interface HintMessage {
  readonly sessionId: string;
  readonly call?: { readonly n: number; readonly attempt: number };
}

/** A queue message: a schedule that is due. */
export interface ScheduleMessage {
  readonly scheduleId: string;
}

const BATCH = 100;
const MAX_DELAY_SECONDS = 43_200;

/**
 * Hints as queue messages. Only what is wanted on time is sent; deadlines are the cron tick's business. `calls`: the queue
 * for calls, which take long and must not hold up the others.
 */
export const createQueueHints = (queue: HintQueue, clock: Clock, log: Log, calls: HintQueue = queue): Hints => {
  const send = async (to: HintQueue, messages: Parameters<HintQueue["sendBatch"]>[0]): Promise<void> => {
    for (let at = 0; at < messages.length; at += BATCH) {
      try {
        await to.sendBatch(messages.slice(at, at + BATCH));
      } catch (error) {
        log.log("warn", "hints could not be sent; the tick will find the sessions", {
          error: error instanceof Error ? error.message : String(error),
        });
      }
    }
  };
  return {
    send: async (hints: readonly Hint[]) => {
      const retries = hints.flatMap((hint) =>
        hint.kind === "retry"
          ? [
              {
                body: { sessionId: hint.sessionId },
                delaySeconds: Math.max(0, Math.ceil((hint.at - clock.now()) / 1_000)),
              },
            ]
          : [],
      );
      const due = hints.filter((hint) => hint.kind === "schedule");
      await send(queue, [
        ...retries.filter(({ delaySeconds }) => delaySeconds <= MAX_DELAY_SECONDS),
        ...due.map(({ scheduleId }) => ({ body: { scheduleId } })),
      ]);
      const begun = hints.filter((hint) => hint.kind === "call");
      await send(
        calls,
        begun.map(({ sessionId, n, attempt }) => ({ body: { sessionId, call: { n, attempt } } })),
      );
    },
  };
};
