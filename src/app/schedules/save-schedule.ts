import { pauseSchedule, resumeSchedule } from "../../core/schedule/change-schedule.ts";
import { changedAt, initialSchedule, timerOf, type ScheduleSpec } from "../../core/schedule/schedule.ts";
import { scheduleIdAt } from "../../core/ids.ts";
import type { JsonObject } from "../../core/json.ts";
import { canonical } from "../../core/workflow/canonical.ts";
import { isReservedId } from "../../core/workflow/reserved-ids.ts";
import { clip, type Fault } from "../../contract/problem.ts";
import { contention, MAX_TRIES } from "../tries.ts";
import { randomHex, type Deps } from "../deps.ts";
import type { Cause } from "../log-row.ts";
import { OpsError } from "../ops-error.ts";
import type { ScheduleKey, ScheduleRecord } from "../schedule-port.ts";
import { requireTargets } from "../commit-start.ts";
import { commitAudited } from "./commit-audited.ts";
import { calendarOf, nextRecord } from "./next-record.ts";
import { tickSchedule } from "./tick-schedule.ts";

export interface ScheduleRequest {
  readonly spec: ScheduleSpec;
  /** `null`: not said; a new schedule runs, an old one stays as it is. */
  readonly paused: boolean | null;
}

export interface SavedSchedule {
  readonly schedule: ScheduleRecord;
  readonly created: boolean;
}

type Definition = { readonly hash: string; readonly body: string } | null;

const workflowFaults = (
  deps: Deps,
  spec: Pick<ScheduleSpec, "workflowId" | "revision" | "agentId">,
  found: Definition,
): Fault[] => {
  const pointer = spec.revision === null || found !== null ? "/workflowDefinitionId" : "/revision";
  if (found === null || isReservedId(spec.workflowId))
    return [{ pointer, code: "unknown_workflow", message: "There is no such workflow definition." }];
  try {
    requireTargets(deps.graphs.of(found.hash, found.body), spec.agentId);
    return [];
  } catch (error) {
    if (!(error instanceof OpsError)) throw error;
    return (error.errors ?? []).map(({ code, message }) => ({
      pointer: "/agentId",
      code,
      message: `${message} Give the schedule an agentId, or the task a target.`,
    }));
  }
};

/** What is wrong with the workflow that a schedule names, beside other faults of the same body. */
export const findWorkflowFaults = async (
  deps: Deps,
  spec: Pick<ScheduleSpec, "workflowId" | "revision" | "agentId">,
): Promise<readonly Fault[]> =>
  workflowFaults(deps, spec, await deps.store.readDefinition(spec.workflowId, spec.revision));

/** Every fault of a body in one answer. */
export const scheduleFaults = (errors: readonly Fault[]): OpsError => {
  const first = errors.find(({ code }) => code === "invalid_id") ?? errors[0];
  const place = first === undefined || first.pointer === "" ? "The body" : clip(first.pointer);
  const code = first?.code === "invalid_id" ? "invalid_id" : "validation_failed";
  return new OpsError(code, `${place}: ${first?.message ?? "does not fit the schema"}`, { errors });
};

const requireWorkflow = (deps: Deps, spec: ScheduleSpec, found: Definition): void => {
  const faults = workflowFaults(deps, spec, found);
  if (faults.length > 0) throw scheduleFaults(faults);
};

const isSame = (a: ScheduleSpec, b: ScheduleSpec): boolean =>
  canonical({ ...a } satisfies JsonObject) === canonical({ ...b } satisfies JsonObject);

const newRecord = (deps: Deps, id: string, { spec, paused }: ScheduleRequest, now: number): ScheduleRecord => {
  const state = initialSchedule(calendarOf(deps, spec)(now), paused === true);
  const incarnation = randomHex(deps.entropy, 8);
  return { id, incarnation, seq: 1, spec, state, timer: timerOf(state, now), createdAt: now, updatedAt: now };
};

/**
 * Makes a schedule. The same id with the same content, or the same Idempotency-Key with the same body within seven
 * days, is the schedule there is; the same id with other content is 409, the same key with another body 422.
 */
export const createSchedule = async (
  deps: Deps,
  scheduleId: string | null,
  request: ScheduleRequest,
  idempotency: ScheduleKey | null,
  cause: Cause,
): Promise<SavedSchedule> => {
  const { spec, paused } = request;
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const now = deps.clock.now();
    const id = scheduleId ?? scheduleIdAt(now, randomHex(deps.entropy, 16));
    const loaded = await deps.store.loadScheduleSave({
      scheduleId: id,
      workflowId: spec.workflowId,
      revision: spec.revision,
      idempotencyKey: idempotency?.key ?? null,
      now,
    });
    const { schedule, earlier } = loaded;
    if (earlier !== null) {
      if (earlier.bodyHash !== idempotency?.bodyHash) {
        throw new OpsError("idempotency_key_reused", "This Idempotency-Key was used with another request body.");
      }
      const made = (await deps.store.loadSchedule(earlier.scheduleId)).schedule;
      if (made !== null) return { schedule: made, created: false };
      continue;
    }
    if (schedule !== null) {
      if (isSame(schedule.spec, spec) && (paused ?? schedule.state.paused) === schedule.state.paused) {
        return { schedule, created: false };
      }
      throw new OpsError("conflict", `There is a schedule ${clip(id)} with other content.`, {
        hint: `To replace it, PUT /v1/opscore/schedules/${clip(id)}.`,
      });
    }
    requireWorkflow(deps, spec, loaded.definition);
    const next = newRecord(deps, id, request, now);
    const result = await commitAudited(deps, { previous: null, next, idempotency }, cause, now);
    if (result === "committed") return { schedule: next, created: true };
  }
  throw contention();
};

/** An edit counts from now on: the next time follows the new cron, what waits or is not caught up yet stays. */
const edited = (deps: Deps, previous: ScheduleRecord, request: ScheduleRequest, now: number): ScheduleRecord => {
  const { spec, paused } = request;
  const { state, spec: old } = previous;
  const nextAt = calendarOf(deps, spec)(changedAt(state, now));
  const isRetimed = spec.cron !== old.cron || spec.timeZone !== old.timeZone;
  const retimed = isRetimed && !state.paused ? { ...state, nextAt } : state;
  const after = paused === null ? retimed : paused ? pauseSchedule(retimed) : resumeSchedule(retimed, nextAt);
  return { ...nextRecord(previous, after, now), spec, updatedAt: now };
};

/**
 * Makes or replaces a schedule; repeating it changes nothing. What was due before the edit is fired first, as it was, all
 * of it: after a long absence the edit is refused for the moment (503) until that is done.
 */
export const putSchedule = async (
  deps: Deps,
  id: string,
  request: ScheduleRequest,
  cause: Cause,
): Promise<SavedSchedule> => {
  const { spec, paused } = request;
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const now = deps.clock.now();
    const { workflowId, revision } = spec;
    const query = { scheduleId: id, workflowId, revision, idempotencyKey: null, now };
    const { schedule, definition } = await deps.store.loadScheduleSave(query);
    requireWorkflow(deps, spec, definition);
    if (schedule === null) {
      const next = newRecord(deps, id, request, now);
      const result = await commitAudited(deps, { previous: null, next, idempotency: null }, cause, now);
      if (result === "committed") return { schedule: next, created: true };
      continue;
    }
    const { state } = schedule;
    if (isSame(schedule.spec, spec) && (paused ?? state.paused) === state.paused) return { schedule, created: false };
    // A tick decides some of what is due; of more than the tries are enough for, the caller comes again.
    if (state.starting.length > 0 || (state.nextAt !== null && state.nextAt <= now)) {
      await tickSchedule(deps, id);
      continue;
    }
    const next = edited(deps, schedule, request, now);
    const result = await commitAudited(deps, { previous: schedule, next, idempotency: null }, cause, now);
    if (result === "committed") return { schedule: next, created: false };
  }
  throw contention();
};
