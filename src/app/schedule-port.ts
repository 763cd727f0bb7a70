import type { ScheduleSpec, ScheduleState, ScheduleTimer } from "../core/schedule/schedule.ts";
import type { AuditCommit } from "./audit-port.ts";
import type { Claim } from "./reply-port.ts";

/** A schedule as stored. */
export interface ScheduleRecord {
  readonly id: string;
  /** Random; another one if the schedule is deleted and made anew. */
  readonly incarnation: string;
  /** Raised by every change; the guard. */
  readonly seq: number;
  readonly spec: ScheduleSpec;
  readonly state: ScheduleState;
  readonly timer: ScheduleTimer;
  /** Epoch ms. */
  readonly createdAt: number;
  /** Epoch ms of the last change by a request. */
  readonly updatedAt: number;
}

/** A schedule in a list: without its input. */
export type ScheduleListRow = Omit<ScheduleRecord, "spec"> & { readonly spec: Omit<ScheduleSpec, "input"> };

export interface ScheduleKey {
  readonly key: string;
  readonly bodyHash: string;
}

export interface ScheduleCommit {
  /** `null`: the schedule is new. */
  readonly previous: ScheduleRecord | null;
  /** Its `seq` is one more than that of `previous`. */
  readonly next: ScheduleRecord;
  /** The Idempotency-Key of the request that made it; only with `previous` null. */
  readonly idempotency: ScheduleKey | null;
  /** Of the request that changes it: only while it is held, and marked in the same commit. */
  readonly claim?: Claim | null;
  /** The audit row of an operator's change. */
  readonly audit?: AuditCommit;
}

/** Schedules in the store. Every method is one round trip. */
export interface ScheduleStore {
  /** A schedule, and which of the sessions it watches are open. */
  loadSchedule(scheduleId: string): Promise<{
    readonly schedule: ScheduleRecord | null;
    readonly open: readonly string[];
  }>;
  /** What saving a schedule needs to know. */
  loadScheduleSave(query: {
    readonly scheduleId: string;
    readonly workflowId: string;
    readonly revision: number | null;
    readonly idempotencyKey: string | null;
    readonly now: number;
  }): Promise<{
    readonly schedule: ScheduleRecord | null;
    readonly definition: { readonly hash: string; readonly body: string } | null;
    /** The schedule that was made with this Idempotency-Key in the last seven days. */
    readonly earlier: { readonly scheduleId: string; readonly bodyHash: string } | null;
  }>;
  /** `stale`: somebody else was faster and nothing was written. */
  commitSchedule(commit: ScheduleCommit): Promise<"committed" | "stale">;
  /** `stale`: it is not as it was loaded any more, and nothing was written. */
  deleteSchedule(schedule: ScheduleRecord, audit: AuditCommit | null): Promise<"committed" | "stale">;
  /** Puts a schedule off that cannot be looked at, if it is still due. */
  postponeSchedule(scheduleId: string, now: number, dueAt: number): Promise<void>;
  /** Newest first; `after`: creation time and id of the last one of the page before. */
  listSchedules(page: {
    readonly after: { readonly createdAt: number; readonly id: string } | null;
    readonly limit: number;
  }): Promise<readonly ScheduleListRow[]>;
}
