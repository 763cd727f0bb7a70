import { taskIdOf } from "../../src/core/ids.ts";
import type { RequestCommand } from "./command.ts";
import { recent, request, type Known } from "./known.ts";
import { jsonObject, spoilt, text, toJson } from "./values.ts";

const TASKS = "/v1/opscore/tasks";

/** A task by its id: of a session of one task, mostly. */
const someTaskId = ({ random, sessions, asked, singles }: Known): string => {
  const ids = [...singles];
  const id =
    recent(random, ids.length > 0 && random.chance(0.8) ? ids : sessions) ?? "ses_0001M8149T005WFVAED5FS98FYCY";
  const n = asked.size > 0 && random.chance(0.9) ? 1 : 2;
  return random.chance(0.95) ? taskIdOf(id, n) : random.pick(["tsk_no", "%27", `${taskIdOf(id, 1)}:1`]);
};

/** One task without a workflow is enqueued, looked at or cancelled; now and then the same once more. */
export const single = (known: Known): RequestCommand => {
  const { random, cast } = known;
  if (random.chance(0.25)) return request(`GET ${TASKS}/:id`, { params: { id: someTaskId(known) } });
  if (random.chance(0.35)) {
    const body = random.chance(0.5) ? {} : { body: toJson({ reason: text(random).slice(0, 1_024) }) };
    return request(`POST ${TASKS}/:id/cancel`, { params: { id: someTaskId(known) }, ...body });
  }
  const route = `POST ${TASKS}`;
  const earlier = recent(random, known.asked.get(route) ?? []);
  if (earlier !== undefined && random.chance(0.2)) return earlier;
  const value = toJson({
    ...(random.chance(0.5)
      ? { agentCapability: random.pick(cast.capabilities) }
      : { agentId: random.pick(cast.agentIds) }),
    ...(random.chance(0.6) ? { parameters: jsonObject(random) } : {}),
    ...(random.chance(0.3) ? { delay: random.pick(["0ms", "5s", "1h", "soon"]) } : {}),
    ...(random.chance(0.2) ? { at: random.pick(["2001-01-01T00:00:00Z", "2030-01-01T00:00:00Z", "never"]) } : {}),
    ...(random.chance(0.3) ? { priority: random.pick([0, 50, 99]) } : {}),
    ...(random.chance(0.3) ? { name: text(random).slice(0, 64) || "n" } : {}),
  });
  return request(route, {
    body: random.chance(0.04) ? spoilt(random, value) : value,
    headers: random.chance(0.3) ? { "Idempotency-Key": random.pick(cast.keys) } : {},
  });
};
