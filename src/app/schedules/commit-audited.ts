import { scheduleForm } from "../audit/forms.ts";
import { auditEntry, withAudit } from "../audit/record.ts";
import type { Deps } from "../deps.ts";
import type { Cause } from "../log-row.ts";
import type { ScheduleCommit } from "../schedule-port.ts";

/** Commits what an operator does to a schedule, with its audit row in the same batch. */
export const commitAudited = async (
  deps: Deps,
  commit: Omit<ScheduleCommit, "audit">,
  cause: Cause,
  now: number,
): Promise<"committed" | "stale"> => {
  const { previous, next } = commit;
  const [before, after] = await Promise.all([scheduleForm(previous), scheduleForm(next)]);
  const entry = auditEntry(cause, { kind: "schedule", id: next.id }, before, after);
  return withAudit(deps, entry, now, (audit) =>
    deps.store.commitSchedule(audit === null ? commit : { ...commit, audit }),
  );
};
