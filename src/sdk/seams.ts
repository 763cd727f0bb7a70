/** What a client takes from its surroundings, so that a test can step it. */
export interface Seams {
  /** Epoch milliseconds. */
  now(): number;
  /** From 0 up to, and without, 1. */
  random(): number;
  /** Resolves after `ms` (24 days at most), or as soon as the signal is aborted; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Timers of the platforms end at once if they are asked to wait for longer. */
const LONGEST_MS = 2 ** 31 - 1;

/** The clock, the chance and the timers of the platform. */
export const platformSeams: Seams = {
  now: () => Date.now(),
  random: () => Math.random(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted === true) return resolve();
      const end = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", end);
        resolve();
      };
      const timer = setTimeout(end, Math.min(ms, LONGEST_MS));
      signal?.addEventListener("abort", end);
    }),
};
