import type { JsonObject } from "../json.ts";
import type { TaskError } from "../session/state.ts";

/**
 * What becomes of a fire while a session of the same schedule is still open: it is left out; it waits for the end of
 * that session (one at most); it starts beside it; it starts after that session was cancelled.
 */
export type Overlap = "skip" | "buffer_one" | "allow" | "cancel_other";

/** A schedule as its author wrote it. */
export interface ScheduleSpec {
  readonly cron: string;
  /** IANA name. */
  readonly timeZone: string;
  readonly workflowId: string;
  /** `null`: the newest at each fire. */
  readonly revision: number | null;
  readonly agentId: string | null;
  readonly input: JsonObject;
  readonly overlap: Overlap;
  /** How late a fire may be, as a duration text (`1h`); older ones are missed. */
  readonly catchUp: string;
  readonly description: string | null;
}

/** A start that is decided and not yet recorded. Whoever finds it may do it: its key makes it one session. */
export interface PendingStart {
  /** The nominal time (epoch ms); of a start by hand the time it was asked for. */
  readonly at: number;
  /** Tells starts by hand apart; `null`: the calendar's. */
  readonly tag: string | null;
  /** Of the request that asked for a start by hand. */
  readonly requestId: string | null;
  /** Sessions to cancel before. */
  readonly cancels: readonly string[];
}

/** What became of a fire. */
export interface Fire {
  /** The nominal time (epoch ms). */
  readonly at: number;
  readonly by: "calendar" | "hand";
  readonly outcome: "started" | "skipped" | "failed" | "missed";
  readonly sessionId: string | null;
  /** Why there is no session; `null` when started. */
  readonly reason: TaskError | null;
  /** More than one only where fires were missed in a row: `at` is the last of them. */
  readonly count: number;
  /** Of a start by hand. */
  readonly tag?: string;
}

/** How many fires came to what, ever. Those missed are a lower bound: counting them is bounded. */
export interface FireCounts {
  readonly started: number;
  readonly skipped: number;
  readonly failed: number;
  readonly missed: number;
}

export interface ScheduleState {
  readonly v: 1;
  readonly paused: boolean;
  /** The next nominal time; `null` while paused, or when there is none. */
  readonly nextAt: number | null;
  /** A nominal time that waits for the end of a session. */
  readonly buffered: number | null;
  readonly starting: readonly PendingStart[];
  /** Sessions it started that may be open, oldest first. */
  readonly running: readonly string[];
  /** The newest by nominal time, oldest first. */
  readonly fires: readonly Fire[];
  readonly counts: FireCounts;
}

/** Fires kept in the row. */
export const MAX_FIRES = 20;

/** Sessions watched at a time; of more, the oldest are forgotten. */
export const MAX_RUNNING = 20;

/** A schedule that has not fired yet. `nextAt` is ignored while paused. */
export const initialSchedule = (nextAt: number | null, paused: boolean): ScheduleState => ({
  v: 1,
  paused,
  nextAt: paused ? null : nextAt,
  buffered: null,
  starting: [],
  running: [],
  fires: [],
  counts: { started: 0, skipped: 0, failed: 0, missed: 0 },
});

/** The state with what became of fires, by their nominal times. Bounded: old ones leave the list, the counts keep them. */
export const withFires = (state: ScheduleState, fires: readonly Fire[]): ScheduleState => {
  const counts = { ...state.counts };
  for (const { outcome, count } of fires) counts[outcome] += count;
  const all = [...state.fires, ...fires].sort((a, b) => a.at - b.at);
  return { ...state, fires: all.slice(-MAX_FIRES), counts };
};

/**
 * After which moment a schedule that is changed at `now` looks for its next time: never before one that it has dealt with,
 * by whatever clock.
 */
export const changedAt = ({ fires, starting, buffered }: ScheduleState, now: number): number => {
  const fired = fires.filter(({ by }) => by === "calendar");
  const begun = starting.filter(({ tag }) => tag === null);
  return Math.max(now, buffered ?? now, ...[...fired, ...begun].map(({ at }) => at));
};

/** When to look at it next (epoch ms), and the session whose end it waits for. */
export interface ScheduleTimer {
  /** `null`: no time by itself. Never later than `now` while anything is left to do. */
  readonly dueAt: number | null;
  readonly waitsFor: string | null;
}

export const timerOf = (state: ScheduleState, now: number): ScheduleTimer => {
  const waitsFor = state.buffered === null ? null : (state.running[0] ?? null);
  const atOnce = state.starting.length > 0 || (state.buffered !== null && waitsFor === null);
  const dueAt = atOnce ? Math.min(state.nextAt ?? now, now) : state.nextAt;
  return { dueAt, waitsFor };
};
