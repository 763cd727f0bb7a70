import { timerOf, type ScheduleState } from "../../core/schedule/schedule.ts";
import { clip } from "../../contract/problem.ts";
import type { Deps } from "../deps.ts";
import { OpsError } from "../ops-error.ts";
import type { ScheduleRecord } from "../schedule-port.ts";

/** A record as its next commit leaves it. */
export const nextRecord = (previous: ScheduleRecord, state: ScheduleState, now: number): ScheduleRecord => {
  const { dueAt } = previous.timer;
  const timer = timerOf(state, now);
  // Whoever dies between a decision and its starts leaves the schedule due: as due as it was, which costs no row.
  const isDue = state.starting.length > 0 && dueAt !== null && dueAt <= now;
  return { ...previous, seq: previous.seq + 1, state, timer: isDue ? { ...timer, dueAt } : timer };
};

/** The calendar of a schedule: the first nominal time after another. */
export const calendarOf =
  (deps: Deps, { cron, timeZone }: { readonly cron: string; readonly timeZone: string }) =>
  (afterMs: number): number | null =>
    deps.calendar.next(cron, timeZone, afterMs);

export const scheduleNotFound = (scheduleId: string): OpsError =>
  new OpsError("schedule_not_found", `Schedule not found: ${clip(scheduleId)}`);
