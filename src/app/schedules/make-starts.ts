import { recordStarts, type StartOutcome } from "../../core/schedule/change-schedule.ts";
import { fireKey } from "../../core/schedule/fire-key.ts";
import type { PendingStart } from "../../core/schedule/schedule.ts";
import { formatRfc3339 } from "../../contract/timestamp.ts";
import { cancelSession } from "../cancel-session.ts";
import type { Deps } from "../deps.ts";
import type { Cause } from "../log-row.ts";
import { OpsError } from "../ops-error.ts";
import type { ScheduleRecord } from "../schedule-port.ts";
import { startSession } from "../start-session.ts";
import { nextRecord } from "./next-record.ts";

export interface MadeStart {
  readonly start: PendingStart;
  readonly outcome: StartOutcome;
  /** Why it was refused; `null` when started. */
  readonly refusal: OpsError | null;
}

const causeOf = (record: ScheduleRecord, command: string, start: PendingStart): Cause => ({
  command,
  actor: { kind: "system", id: `schedule:${record.id}` },
  requestId: start.requestId,
});

/** Ends an earlier session of the schedule; one that has ended meanwhile is as good. */
const cancelEarlier = async (
  deps: Deps,
  record: ScheduleRecord,
  start: PendingStart,
  sessionId: string,
): Promise<void> => {
  const reason = `Schedule ${record.id} fired again at ${formatRfc3339(start.at)}, and cancels what still runs.`;
  try {
    await cancelSession(deps, sessionId, reason, causeOf(record, "CancelSession", start));
  } catch (error) {
    if (error instanceof OpsError && (error.code === "session_ended" || error.code === "session_not_found")) return;
    throw error;
  }
};

/** One start. Made again it finds the session it made before; refused for good is an outcome, trouble is thrown. */
const makeStart = async (deps: Deps, record: ScheduleRecord, start: PendingStart): Promise<MadeStart> => {
  const { id, incarnation, spec } = record;
  for (const sessionId of start.cancels) await cancelEarlier(deps, record, start, sessionId);
  try {
    const { sessionId } = await startSession(
      deps,
      {
        definition: { kind: "saved", workflowId: spec.workflowId, revision: spec.revision },
        agentId: spec.agentId,
        input: spec.input,
        // The key alone says which fire it is: the schedule may have been edited since the start was first made.
        idempotency: { key: fireKey(id, incarnation, start), bodyHash: "schedule" },
      },
      causeOf(record, "StartSession", start),
    );
    return { start, outcome: { kind: "started", sessionId }, refusal: null };
  } catch (error) {
    if (!(error instanceof OpsError) || error.retryable || error.status >= 500) throw error;
    const reason = { code: error.code, message: error.message };
    return { start, outcome: { kind: "failed", reason }, refusal: error };
  }
};

/**
 * Makes the starts that a record says are decided, one after the other, and records them in one commit. `stale`:
 * somebody else changed the schedule, perhaps by recording the same; what was started is found again by its key.
 * A crash or a store failure at any point leaves the schedule due, and the next sweep begins anew.
 */
export const makeStarts = async (
  deps: Deps,
  record: ScheduleRecord,
): Promise<{ readonly made: readonly MadeStart[]; readonly result: "committed" | "stale" }> => {
  const made: MadeStart[] = [];
  for (const start of record.state.starting) made.push(await makeStart(deps, record, start));
  const next = nextRecord(record, recordStarts(record.state, made), deps.clock.now());
  const result = await deps.store.commitSchedule({ previous: record, next, idempotency: null });
  return { made, result };
};
