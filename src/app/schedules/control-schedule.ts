import { pauseSchedule, resumeSchedule } from "../../core/schedule/change-schedule.ts";
import { changedAt } from "../../core/schedule/schedule.ts";
import type { AuditCommit } from "../audit-port.ts";
import { scheduleForm } from "../audit/forms.ts";
import { auditEntry, withAudit } from "../audit/record.ts";
import { contention, MAX_TRIES } from "../tries.ts";
import type { Deps } from "../deps.ts";
import type { Cause } from "../log-row.ts";
import type { HeldClaim } from "../reply-port.ts";
import type { ScheduleRecord } from "../schedule-port.ts";
import { commitAudited } from "./commit-audited.ts";
import { calendarOf, nextRecord, scheduleNotFound } from "./next-record.ts";

/**
 * Pauses a schedule or lets it go on; one that is so already is left alone. A fire whose start is decided when the
 * pause comes is still made; what would have fired during the pause never is. Under a claim it is done
 * once: a copy that comes late undoes nothing.
 */
export const setSchedulePaused = async (
  deps: Deps,
  scheduleId: string,
  paused: boolean,
  cause: Cause,
  claim: HeldClaim | null = null,
): Promise<ScheduleRecord> => {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const { schedule } = await deps.store.loadSchedule(scheduleId);
    if (schedule === null) throw scheduleNotFound(scheduleId);
    if (schedule.state.paused === paused || claim?.effect != null) return schedule;
    const now = deps.clock.now();
    const state = paused
      ? pauseSchedule(schedule.state)
      : resumeSchedule(schedule.state, calendarOf(deps, schedule.spec)(changedAt(schedule.state, now)));
    const next = { ...nextRecord(schedule, state, now), updatedAt: now };
    const result = await commitAudited(deps, { previous: schedule, next, idempotency: null, claim }, cause, now);
    if (result === "committed") return next;
  }
  throw contention();
};

/** Afterwards there is no such schedule; what it started goes on. Also if there never was one. */
export const deleteSchedule = async (deps: Deps, scheduleId: string, cause: Cause): Promise<void> => {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const { schedule } = await deps.store.loadSchedule(scheduleId);
    if (schedule === null) return;
    const entry = auditEntry(cause, { kind: "schedule", id: scheduleId }, await scheduleForm(schedule), null);
    const remove = (audit: AuditCommit | null) => deps.store.deleteSchedule(schedule, audit);
    if ((await withAudit(deps, entry, deps.clock.now(), remove)) === "committed") return;
  }
  throw contention();
};
