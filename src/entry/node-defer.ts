import type { Defer } from "../app/ports.ts";

/** Background work of one process, which a shutdown can wait for. */
export interface DrainableDefer extends Defer {
  /** Resolves when all work is done, or after `ms`; false: some was left for the next start. */
  drain(ms: number): Promise<boolean>;
}

export const createNodeDefer = (): DrainableDefer => {
  const running = new Set<Promise<void>>();
  const done = async (): Promise<boolean> => {
    while (running.size > 0) await Promise.all(running);
    return true;
  };
  return {
    defer: (work) => {
      const promise = work().finally(() => running.delete(promise));
      running.add(promise);
    },
    drain: (ms) =>
      Promise.race([
        done(),
        new Promise<boolean>((resolve) => {
          setTimeout(() => resolve(running.size === 0), ms).unref();
        }),
      ]),
  };
};
