import { AWAY_MS } from "../session/deadlines.ts";

/** Starts decided at once; what is left is due at the next sweep. */
export const MAX_DUE = 10;

/** Missed fires counted one by one: years of missed minutes must not cost a look at each. */
export const MAX_COUNTED = 1_000;

export interface DueTimes {
  /** Nominal times to act on, in order; at most `MAX_DUE`. */
  readonly times: readonly number[];
  /** Those too old to catch up: how many (at least, if more than `MAX_COUNTED`), and the last one seen. */
  readonly missed: { readonly count: number; readonly last: number } | null;
  /** The first nominal time not dealt with; it may be due as well. */
  readonly nextAt: number | null;
}

/**
 * The nominal times from `from` on that are due at `now`. Those older than the window are missed; the window is never
 * less than two minutes, since nobody promises to look more often. `next` gives the first time after another.
 */
export const dueTimes = (
  from: number | null,
  now: number,
  catchUpMs: number,
  next: (afterMs: number) => number | null,
): DueTimes => {
  const oldest = now - Math.max(catchUpMs, AWAY_MS);
  let at = from;
  let count = 0;
  let last = 0;
  while (at !== null && at < oldest) {
    count += 1;
    last = at;
    at = next(count < MAX_COUNTED ? at : oldest - 1);
  }
  const times: number[] = [];
  while (at !== null && at <= now && times.length < MAX_DUE) {
    times.push(at);
    at = next(at);
  }
  return { times, missed: count === 0 ? null : { count, last }, nextAt: at };
};
