import type { Hono } from "hono";
import type { Deps } from "../../app/deps.ts";
import { OpsError } from "../../app/ops-error.ts";
import { deleteSchedule, setSchedulePaused } from "../../app/schedules/control-schedule.ts";
import { listSchedules, readSchedule } from "../../app/schedules/read-schedule.ts";
import {
  createSchedule,
  findWorkflowFaults,
  putSchedule,
  scheduleFaults,
  type ScheduleRequest,
} from "../../app/schedules/save-schedule.ts";
import { triggerSchedule } from "../../app/schedules/trigger-schedule.ts";
import type { ScheduleTriggeredAnswer } from "../../contract/answers/schedule.ts";
import { faultsOf } from "../../contract/faults.ts";
import { isId } from "../../contract/ids.ts";
import { pageQuery } from "../../contract/pages.ts";
import { scheduleSchema, type ScheduleBody } from "../../contract/schedules.ts";
import { operatorCause, pathId } from "../cause.ts";
import { pageAnswer, pageRequest } from "../cursor.ts";
import type { AppEnv } from "../env.ts";
import { idempotencyKeyOf, idempotencyOf, keyed } from "../idempotency.ts";
import { bodyLimits, parseJson, readBody, readNothing } from "../middleware/body.ts";
import { noQuery, query } from "../middleware/query.ts";
import { scheduleDetailToWire, scheduleToWire } from "../schedule-wire.ts";
import { jsonObject } from "../wire.ts";

const BASE = "/v1/opscore/schedules";

/** A cursor: when the schedule was made, and its id. */
const PLACE = /^[0-9]{1,15}\.[A-Za-z0-9][A-Za-z0-9._~:-]{0,127}$/;

const TAG_LENGTH = 32;

/** The body, with all its faults in one answer: those of the shape, the calendar and the workflow. */
const readScheduleBody = async (deps: Deps, bytes: Uint8Array): Promise<ScheduleBody> => {
  const input = parseJson(bytes);
  const parsed = scheduleSchema((cron, zone) => deps.calendar.check(cron, zone)).safeParse(input);
  if (parsed.success) return parsed.data;
  const raw = input as Record<string, unknown>;
  const {
    workflowDefinitionId: workflowId,
    revision,
    agentId,
  } = typeof input === "object" && input !== null ? raw : {};
  const faults = faultsOf(parsed.error, input);
  const isReadable = typeof workflowId === "string" && isId(workflowId);
  const asked = {
    workflowId: String(workflowId),
    revision: Number.isSafeInteger(revision) && Number(revision) > 0 ? Number(revision) : null,
    agentId: typeof agentId === "string" ? agentId : null,
  };
  throw scheduleFaults([...faults, ...(isReadable ? await findWorkflowFaults(deps, asked) : [])]);
};

const requestOf = (body: ScheduleBody): ScheduleRequest => ({
  spec: {
    cron: body.cron,
    timeZone: body.timeZone,
    workflowId: body.workflowDefinitionId,
    revision: body.revision ?? null,
    agentId: body.agentId ?? null,
    input: jsonObject(body.initialPayload),
    overlap: body.overlap,
    catchUp: body.catchUp,
    description: body.description ?? null,
  },
  paused: body.paused ?? null,
});

/** Schedules: made, changed, looked at and triggered. What they do by themselves is the sweep's. */
export const scheduleRoutes = (app: Hono<AppEnv>, deps: Deps): void => {
  const show = async (scheduleId: string) => scheduleDetailToWire(await readSchedule(deps, scheduleId));
  app.post(BASE, noQuery, async (c) => {
    const bytes = await readBody(c, { maxBytes: bodyLimits.other });
    const body = await readScheduleBody(deps, bytes);
    const { scheduleId = null } = body;
    return keyed(c, { deps, bytes }, async () => {
      // Kept with the schedule as well: whoever repeats it after a crash finds the one there is.
      const key = await idempotencyOf(c, bytes);
      const { schedule, created } = await createSchedule(
        deps,
        scheduleId,
        requestOf(body),
        key,
        operatorCause(c, "CreateSchedule", "createSchedule"),
      );
      c.header("Location", `${BASE}/${schedule.id}`);
      return c.json(await show(schedule.id), created ? 201 : 200);
    });
  });

  app.get(BASE, query(pageQuery), async (c) => {
    const page = pageRequest(c.req.valid("query"), PLACE);
    return c.json(pageAnswer(await listSchedules(deps, page), scheduleToWire));
  });

  app.get(`${BASE}/:scheduleId`, noQuery, async (c) => c.json(await show(pathId(c, "scheduleId"))));

  app.put(`${BASE}/:scheduleId`, noQuery, async (c) => {
    const scheduleId = pathId(c, "scheduleId");
    const body = await readScheduleBody(deps, await readBody(c, { maxBytes: bodyLimits.other }));
    if ((body.scheduleId ?? scheduleId) !== scheduleId) {
      throw new OpsError("id_mismatch", "scheduleId in the body is not the one in the path");
    }
    const { created } = await putSchedule(
      deps,
      scheduleId,
      requestOf(body),
      operatorCause(c, "PutSchedule", "putSchedule"),
    );
    return c.json(await show(scheduleId), created ? 201 : 200);
  });

  app.delete(`${BASE}/:scheduleId`, noQuery, async (c) => {
    await deleteSchedule(deps, pathId(c, "scheduleId"), operatorCause(c, "DeleteSchedule", "deleteSchedule"));
    return c.body(null, 204);
  });

  for (const [verb, paused] of [
    ["pause", true],
    ["resume", false],
  ] as const) {
    app.post(`${BASE}/:scheduleId/${verb}`, noQuery, async (c) => {
      const scheduleId = pathId(c, "scheduleId");
      const bytes = await readNothing(c);
      return keyed(c, { deps, bytes }, async (claim) => {
        await setSchedulePaused(
          deps,
          scheduleId,
          paused,
          operatorCause(c, "ControlSchedule", `${verb}Schedule`),
          claim,
        );
        return c.json(await show(scheduleId));
      });
    });
  }

  app.post(`${BASE}/:scheduleId/trigger`, noQuery, async (c) => {
    const scheduleId = pathId(c, "scheduleId");
    const bytes = await readNothing(c);
    return keyed(c, { deps, bytes }, async () => {
      // The start is named after the key: whoever repeats it after a crash finds its session.
      const text = new TextEncoder().encode(idempotencyKeyOf(c) ?? "");
      const key = await idempotencyOf(c, Uint8Array.from(text));
      const tag = key?.bodyHash.slice(0, TAG_LENGTH) ?? null;
      const { sessionId, workflowId } = await triggerSchedule(
        deps,
        scheduleId,
        tag,
        operatorCause(c, "TriggerSchedule", "triggerSchedule"),
      );
      c.header("Location", `/v1/opscore/sessions/${sessionId}`);
      return c.json({ sessionId, workflowId, scheduleId } satisfies ScheduleTriggeredAnswer, 202);
    });
  });
};
