import type { Deps } from "../deps.ts";
import { pageOf, type Page } from "../read-session.ts";
import type { ScheduleListRow, ScheduleRecord } from "../schedule-port.ts";
import { calendarOf, scheduleNotFound } from "./next-record.ts";

/** Fires to come that a schedule shows. */
const SHOWN = 5;

export interface ScheduleDetail {
  readonly schedule: ScheduleRecord;
  /** Epoch ms; none while paused. */
  readonly nextFires: readonly number[];
  /** Sessions it started that are open. */
  readonly open: readonly string[];
}

/** The times to come of a schedule as it is. */
export const upcomingFires = (deps: Deps, { spec, state }: ScheduleRecord): readonly number[] => {
  const next = calendarOf(deps, spec);
  const times: number[] = [];
  for (let at = state.nextAt; at !== null && times.length < SHOWN; at = next(at)) times.push(at);
  return times;
};

/** One schedule with what it did lately and what it will do. */
export const readSchedule = async (deps: Deps, scheduleId: string): Promise<ScheduleDetail> => {
  const { schedule, open } = await deps.store.loadSchedule(scheduleId);
  if (schedule === null) throw scheduleNotFound(scheduleId);
  return { schedule, nextFires: upcomingFires(deps, schedule), open };
};

/** Schedules, newest first, without input and fires. */
export const listSchedules = async (
  deps: Deps,
  page: { readonly after: string | null; readonly limit: number },
): Promise<Page<ScheduleListRow>> => {
  const { after } = page;
  const at = after === null ? -1 : after.indexOf(".");
  const place = after === null ? null : { createdAt: Number(after.slice(0, at)), id: after.slice(at + 1) };
  const rows = await deps.store.listSchedules({ after: place, limit: page.limit + 1 });
  return pageOf(rows, page.limit, (row) => `${row.createdAt}.${row.id}`);
};
