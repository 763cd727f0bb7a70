import type { Clock, Hint, Hints } from "../app/ports.ts";

/** No timer is armed for longer than this; the sweep re-arms (Node's own limit is 24 days). */
const LONGEST_MS = 60_000;

/** Arms one timer for the earliest moment it knows and calls `wake` then. */
export interface TimerHints extends Hints {
  /** Something is due at `at` (epoch ms). */
  arm(at: number): void;
  stop(): void;
}

/** Hints inside one Node process: no queue, a timer. `wake` must not throw; it sweeps. */
export const createTimerHints = (clock: Clock, wake: () => void): TimerHints => {
  let timer: NodeJS.Timeout | undefined;
  let armedFor = Number.POSITIVE_INFINITY;
  let stopped = false;
  const arm = (at: number): void => {
    if (stopped || at >= armedFor) return;
    clearTimeout(timer);
    armedFor = at;
    timer = setTimeout(
      () => {
        armedFor = Number.POSITIVE_INFINITY;
        wake();
      },
      Math.min(LONGEST_MS, Math.max(0, at - clock.now())),
    );
  };
  return {
    arm,
    send: (hints: readonly Hint[]) => {
      for (const hint of hints) arm(hint.at);
      return Promise.resolve();
    },
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
};
