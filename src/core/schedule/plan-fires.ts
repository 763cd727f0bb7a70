import { maxDurationMs, parseDuration } from "../workflow/duration.ts";
import { dueTimes, MAX_COUNTED } from "./due-times.ts";
import { withFires, type Fire, type PendingStart, type ScheduleSpec, type ScheduleState } from "./schedule.ts";

export interface PlanFacts {
  readonly now: number;
  /** Those of `running` that are really open. */
  readonly open: ReadonlySet<string>;
  /** The first nominal time after another. */
  readonly next: (afterMs: number) => number | null;
}

const skipped = (at: number, code: string, message: string): Fire => ({
  at,
  by: "calendar",
  outcome: "skipped",
  sessionId: null,
  reason: { code, message },
  count: 1,
});

const missedFire = ({ count, last }: { readonly count: number; readonly last: number }, catchUp: string): Fire => ({
  at: last,
  by: "calendar",
  outcome: "missed",
  sessionId: null,
  reason: {
    code: "missed",
    message: `${count >= MAX_COUNTED ? `At least ${MAX_COUNTED}` : count} older than the catch-up window of ${catchUp}.`,
  },
  count,
});

interface Decided {
  readonly starting: readonly PendingStart[];
  readonly skipped: readonly Fire[];
  readonly buffered: number | null;
}

const start = (at: number, cancels: readonly string[] = []): PendingStart => ({
  at,
  tag: null,
  requestId: null,
  cancels,
});

/** Each time in its order against what is open: a session, or a start decided just before. */
const decideTimes = (overlap: ScheduleSpec["overlap"], times: readonly number[], open: readonly string[]): Decided => {
  switch (overlap) {
    case "allow":
      return { starting: times.map((at) => start(at)), skipped: [], buffered: null };
    case "cancel_other": {
      // Only the newest would live: to start the others and cancel them at once is of no use to anybody.
      const newest = times.slice(-1).map((at) => start(at, open));
      const older = times.slice(0, -1);
      const why = "A later fire was due at the same moment and would have cancelled it.";
      return { starting: newest, skipped: older.map((at) => skipped(at, "overtaken", why)), buffered: null };
    }
    case "skip": {
      const first = open.length === 0 ? times.slice(0, 1) : [];
      const why = "The session of an earlier fire was still open.";
      const rest = times.slice(first.length).map((at) => skipped(at, "overlap", why));
      return { starting: first.map((at) => start(at)), skipped: rest, buffered: null };
    }
    case "buffer_one": {
      const first = open.length === 0 ? times.slice(0, 1) : [];
      const [buffered = null, ...others] = times.slice(first.length);
      const why = "The session of an earlier fire was still open, and another fire waits for its end already.";
      const rest = others.map((at) => skipped(at, "buffer_full", why));
      return { starting: first.map((at) => start(at)), skipped: rest, buffered };
    }
  }
};

/**
 * What is due now, decided: starts to be made, fires skipped or missed, the next time. Nothing happens while paused,
 * nor before the starts decided earlier are recorded. The same object: there is nothing to change.
 */
export const planFires = (spec: ScheduleSpec, state: ScheduleState, facts: PlanFacts): ScheduleState => {
  if (state.paused || state.starting.length > 0) return state;
  const { now, open, next } = facts;
  const due = dueTimes(state.nextAt, now, parseDuration(spec.catchUp) ?? maxDurationMs, next);
  const running = state.running.filter((id) => open.has(id));
  // What waited has its place before what comes now, under the policy as it is by now.
  const times = [...(state.buffered === null ? [] : [state.buffered]), ...due.times];
  const decided = decideTimes(spec.overlap, times, running);
  const fires = [...(due.missed === null ? [] : [missedFire(due.missed, spec.catchUp)]), ...decided.skipped];
  const isSame =
    fires.length === 0 &&
    decided.starting.length === 0 &&
    decided.buffered === state.buffered &&
    due.nextAt === state.nextAt &&
    running.length === state.running.length;
  if (isSame) return state;
  return withFires(
    { ...state, nextAt: due.nextAt, buffered: decided.buffered, starting: decided.starting, running },
    fires,
  );
};
