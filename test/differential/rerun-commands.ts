import { formatRfc3339 } from "../../src/contract/timestamp.ts";
import { taskIdOf } from "../../src/core/ids.ts";
import type { RequestCommand } from "./command.ts";
import { recent, request, type Known } from "./known.ts";
import { json, jsonObject, spoilt, text, toJson, type Value } from "./values.ts";
import { someSessionId } from "./work-commands.ts";

const SESSIONS = "/v1/opscore/sessions";

type Body = Record<string, Value>;

/** A task of the session's definition, by its id. */
const someTask = ({ random, definitions }: Known, sessionId: string): string => {
  const named = [...(definitions.get(sessionId) ?? "").matchAll(/"taskId":"(\w+)"/g)].map(([, taskId]) => taskId ?? "");
  if (named.length > 0 && random.chance(0.9)) return random.pick(named);
  return random.pick(["t0", "T0", "none", "constructor", taskIdOf(sessionId, 1), "%27"]);
};

const maybe = ({ random }: Known, chance: number, body: () => Body): Body => (random.chance(chance) ? body() : {});

const keyed = ({ random, cast }: Known): Readonly<Record<string, string>> =>
  random.chance(0.4) ? { "Idempotency-Key": random.pick(cast.keys) } : {};

const send = (known: Known, route: string, body: Body, params: Readonly<Record<string, string>>): RequestCommand => {
  const { random } = known;
  const value = toJson({ ...body, ...(random.chance(0.02) ? { unknown: 1 } : {}) });
  return request(route, {
    params,
    body: random.chance(0.03) ? spoilt(random, value) : value,
    headers: keyed(known),
  });
};

/** A session is run again, mostly from one of its tasks. */
const rerun = (known: Known): RequestCommand => {
  const { random } = known;
  const sessionId = (random.chance(0.8) ? recent(random, known.ended) : undefined) ?? someSessionId(known);
  const from = random.chance(0.8);
  return send(
    known,
    `POST ${SESSIONS}/:sessionId/rerun`,
    {
      ...(from ? { fromTaskId: someTask(known, sessionId) } : {}),
      ...maybe(known, 0.2, () => ({ initialPayload: jsonObject(random) })),
      ...maybe(known, from ? 0.3 : 0.05, () => ({
        parameters: random.chance(0.9) ? jsonObject(random) : json(random),
      })),
      ...maybe(known, 0.3, () => ({ reason: text(random).slice(0, 1_024) })),
    },
    { sessionId },
  );
};

/** What GET /sessions takes too. */
const filter = (known: Known): Body => {
  const { random, cast } = known;
  return random.pick<() => Body>([
    () => ({}),
    () => ({ workflowId: random.pick(cast.workflowIds) }),
    () => ({ status: random.pick(["open", "ended", "failed", "cancelled,completed", "paused", "asleep"]) }),
    () => ({ errorCode: random.pick(["boom", "run_deadline", text(random)]) }),
    () => ({ startedAfter: formatRfc3339(known.now() - random.int(600_000)) }),
    () => ({ text: text(random), agentId: random.pick(cast.agentIds) }),
  ])();
};

const bulk = (known: Known): RequestCommand => {
  const { random } = known;
  const route = `POST ${SESSIONS}/bulk`;
  const cursor = random.chance(0.2) ? recent(random, known.cursors.get(route) ?? []) : undefined;
  return send(
    known,
    route,
    {
      action: random.chance(0.7) ? "rerun" : random.pick(["cancel", "cancel", "delete"]),
      filter: filter(known),
      ...maybe(known, 0.3, () => ({ all: random.chance(0.9) })),
      ...maybe(known, 0.3, () => ({ dryRun: true })),
      ...maybe(known, 0.7, () => ({ limit: random.pick([1, 2, 3, 100, 0]) })),
      ...maybe(known, 0.2, () => ({ reason: text(random).slice(0, 1_024) })),
      ...(cursor === undefined ? {} : { cursor }),
    },
    {},
  );
};

/** Sessions are run again or cancelled, one or many; now and then the same request once more. */
export const again = (known: Known): RequestCommand => {
  const { random } = known;
  const isOne = random.chance(0.7);
  const route = isOne ? `POST ${SESSIONS}/:sessionId/rerun` : `POST ${SESSIONS}/bulk`;
  const earlier = recent(random, known.asked.get(route) ?? []);
  if (earlier !== undefined && random.chance(0.2)) return earlier;
  return isOne ? rerun(known) : bulk(known);
};
