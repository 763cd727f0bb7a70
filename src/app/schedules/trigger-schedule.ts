import { startByHand } from "../../core/schedule/change-schedule.ts";
import { contention, MAX_TRIES } from "../tries.ts";
import { randomHex, type Deps } from "../deps.ts";
import type { Cause } from "../log-row.ts";
import { OpsError } from "../ops-error.ts";
import type { ScheduleRecord } from "../schedule-port.ts";
import { commitAudited } from "./commit-audited.ts";
import { makeStarts } from "./make-starts.ts";
import { nextRecord, scheduleNotFound } from "./next-record.ts";

/** Starts that may be pending at a time. */
const MAX_PENDING = 50;

/** The record with the start in it; `null`: stale. */
const claim = async (
  deps: Deps,
  schedule: ScheduleRecord,
  tag: string,
  cause: Cause & { readonly requestId: string },
): Promise<ScheduleRecord | null> => {
  const { state } = schedule;
  const { requestId } = cause;
  if (state.starting.some((start) => start.tag === tag)) return schedule;
  if (state.starting.length >= MAX_PENDING) throw contention();
  const now = deps.clock.now();
  const next = nextRecord(schedule, startByHand(state, { at: now, tag, requestId, cancels: [] }), now);
  const result = await commitAudited(deps, { previous: schedule, next, idempotency: null }, cause, now);
  return result === "committed" ? next : null;
};

/**
 * Starts a session of the schedule now, whatever runs and also while it is paused; the overlap policy counts it from
 * then on. With a key the same call gets the same session. A start that is refused is recorded and thrown.
 */
export const triggerSchedule = async (
  deps: Deps,
  scheduleId: string,
  /** Of the Idempotency-Key, hexadecimal; `null` without one. */
  keyHash: string | null,
  cause: Cause & { readonly requestId: string },
): Promise<{ readonly sessionId: string; readonly workflowId: string }> => {
  const tag = keyHash ?? randomHex(deps.entropy, 16);
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const { schedule } = await deps.store.loadSchedule(scheduleId);
    if (schedule === null) throw scheduleNotFound(scheduleId);
    const { workflowId } = schedule.spec;
    const fire = schedule.state.fires.find((one) => one.tag === tag && one.outcome === "started");
    if (fire?.sessionId != null) return { sessionId: fire.sessionId, workflowId };
    const claimed = await claim(deps, schedule, tag, cause);
    if (claimed === null) continue;
    const { made } = await makeStarts(deps, claimed);
    // Not recorded if somebody was faster: then the schedule is still due, and whoever comes next records it.
    const own = made.find(({ start }) => start.tag === tag);
    if (own?.refusal != null) throw own.refusal;
    if (own?.outcome.kind === "started") return { sessionId: own.outcome.sessionId, workflowId };
    throw new OpsError("contention", "The start was not made; the request may be repeated.");
  }
  throw contention();
};
