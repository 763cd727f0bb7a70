import type { DryRunReport } from "../app/dry-run/report.ts";
import type { DryRunAnswer } from "../contract/answers/dry-run.ts";
import { formatRfc3339 } from "../contract/timestamp.ts";
import { logRowToWire, sessionDetailToWire } from "./wire.ts";

/** What a dry run came to; all times are virtual. */
export const dryRunToWire = (report: DryRunReport): DryRunAnswer => {
  const session = sessionDetailToWire(report.session);
  const { stopped } = report;
  return {
    workflowId: session.workflowId,
    revision: session.revision,
    status: report.status,
    reason: stopped?.message ?? session.reason,
    startedAt: session.startedAt,
    endedAt: session.endedAt,
    elapsedMs: report.elapsedMs,
    stopped: stopped === null ? null : { ...stopped, for: stopped.for.map(({ until, ...task }) => ({ ...task, until: until === null ? null : formatRfc3339(until) })) }, // prettier-ignore
    session,
    log: report.log.map(logRowToWire),
    warnings: report.warnings,
    defaulted: report.defaulted,
    unused: report.unused,
    truncated: report.truncated,
  };
};
