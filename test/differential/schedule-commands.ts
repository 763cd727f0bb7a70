import type { RequestCommand } from "./command.ts";
import { recent, request, type Known } from "./known.ts";
import { edges, jsonObject, toJson, type Value } from "./values.ts";

const SCHEDULES = "/v1/opscore/schedules";

/** Ids that a database may take for the same, or for numbers. */
const scheduleIds: readonly string[] = ["s", "S", "1", "01", "1e3", "s.1", "s_1"];

const crons: readonly Value[] = [
  "* * * * *",
  "*/5 * * * *",
  "0 9 * * *",
  "30 2 * * 7",
  "@hourly",
  "0 0 30 2 *",
  "x",
  1,
];

const body = (known: Known, scheduleId?: string): string => {
  const { random, cast } = known;
  return toJson({
    ...(scheduleId === undefined ? {} : { scheduleId }),
    cron: random.pick(random.chance(0.85) ? crons.slice(0, 5) : crons),
    ...(random.chance(0.4) ? { timeZone: random.pick(["Europe/Berlin", "UTC", "Asia/Kathmandu", "Nowhere"]) } : {}),
    workflowDefinitionId: random.pick(known.saved.length > 0 && random.chance(0.9) ? known.saved : cast.workflowIds),
    agentId: random.pick(known.registered.length > 0 ? known.registered : cast.agentIds),
    ...(random.chance(0.5) ? { overlap: random.pick(["skip", "buffer_one", "allow", "cancel_other", "queue"]) } : {}),
    ...(random.chance(0.3) ? { catchUp: random.pick(["0s", "10m", "7d", "366d"]) } : {}),
    ...(random.chance(0.5)
      ? { initialPayload: random.chance(0.1) ? { edge: random.pick(edges) } : jsonObject(random) }
      : {}),
    ...(random.chance(0.15) ? { paused: random.chance(0.7) } : {}),
    ...(random.chance(0.2) ? { description: random.pick(["", "Täglich 🤖", null]) } : {}),
    ...(random.chance(0.03) ? { unknown: 1 } : {}),
  });
};

/** Something done with a schedule, most of the time with one that there may be. */
export const schedule = (known: Known): RequestCommand => {
  const { random, cast } = known;
  const scheduleId = random.pick(scheduleIds.slice(0, random.chance(0.8) ? 2 : undefined));
  const params = { scheduleId };
  const there = { scheduleId: random.chance(0.7) ? (recent(random, known.schedules) ?? scheduleId) : scheduleId };
  const headers: Record<string, string> = random.chance(0.3) ? { "Idempotency-Key": random.pick(cast.keys) } : {};
  const make = `POST ${SCHEDULES}`;
  const earlier = recent(random, known.asked.get(make) ?? []);
  if (earlier !== undefined && random.chance(0.08)) return earlier;
  // Where there is none yet, one is made most of the time.
  const drawn = random.int(known.schedules.length === 0 && random.chance(0.7) ? 6 : 12);
  if (drawn < 4) return request(`PUT ${SCHEDULES}/:scheduleId`, { params, body: body(known) });
  if (drawn < 6) return request(make, { body: body(known, random.chance(0.5) ? scheduleId : undefined), headers });
  if (drawn < 9) return request(`POST ${SCHEDULES}/:scheduleId/trigger`, { params: there, headers });
  if (drawn < 10) return request(`POST ${SCHEDULES}/:scheduleId/pause`, { params: there });
  if (drawn < 11) return request(`POST ${SCHEDULES}/:scheduleId/resume`, { params: there, body: "{}" });
  return request(`DELETE ${SCHEDULES}/:scheduleId`, { params: there });
};
