import { taskIdOf } from "../../src/core/ids.ts";
import type { RequestCommand } from "./command.ts";
import { recent, request, type Known } from "./known.ts";
import { SIGNALS } from "./task-kinds.ts";
import { edges, json, spoilt, text, toJson, type Value } from "./values.ts";
import { someSessionId } from "./work-commands.ts";

const SESSION = "/v1/opscore/sessions/:sessionId";

type Body = Record<string, Value>;

const decision = ({ random }: Known): Body => ({
  ...(random.chance(0.5) ? { by: text(random).slice(0, 256) || "é" } : {}),
  ...(random.chance(0.5) ? { comment: text(random).slice(0, 1_024) } : {}),
});

const nothing = (): Body => ({});

/** What the body of each request has, by the last words of its path. */
const bodies: Readonly<Record<string, (known: Known) => Body>> = {
  pause: ({ random }) => (random.chance(0.5) ? { reason: text(random).slice(0, 1_024) } : {}),
  resume: nothing,
  "signals/:name": ({ random }) =>
    random.chance(0.2) ? {} : { payload: random.chance(0.05) ? random.pick(edges) : json(random) },
  "tasks/:task/retry": nothing,
  "tasks/:task/skip": nothing,
  "tasks/:task/complete": ({ random }) =>
    random.chance(0.2) ? {} : { output: random.chance(0.05) ? random.pick(edges) : json(random) },
  "tasks/:task/fail": ({ random }) =>
    random.chance(0.3)
      ? {}
      : { error: { message: text(random).slice(0, 8_192), ...(random.chance(0.5) ? { code: "by_hand" } : {}) } },
  "tasks/:task/approve": decision,
  "tasks/:task/reject": decision,
};

const verbs = Object.keys(bodies);

/** A session that may have what the verb is about. */
const sessionFor = (known: Known, verb: string): string => {
  const { random, sessions, definitions } = known;
  const word = /approve|reject/.test(verb) ? '"approval"' : verb.startsWith("signals") ? '"signal"' : '"taskId"';
  const fitting = sessions.filter((id) => definitions.get(id)?.includes(word));
  return (random.chance(0.8) ? recent(random, fitting) : undefined) ?? someSessionId(known);
};

/** A task by its id in the definition or by its own, which names items of maps too. */
const someTask = ({ random, definitions }: Known, sessionId: string, verb: string): string => {
  const text = definitions.get(sessionId) ?? "";
  const wanted = /approve|reject/.test(verb) ? /"taskId":"(\w+)"[^{}]*"type":"approval"/g : /"taskId":"(\w+)"/g;
  const named = [...text.matchAll(wanted)].map(([, taskId]) => taskId ?? "");
  if (named.length > 0 && random.chance(0.8)) return random.pick(named);
  if (random.chance(0.8)) return taskIdOf(sessionId, 1 + random.int(4));
  return random.pick(["t0", "T0", "none", "%27", "tsk_no", "tsk_0001M8149T005WFVAED5FS98FYCY.1"]);
};

/** A person's word to a session or to one of its tasks; now and then the same one again. */
export const control = (known: Known): RequestCommand => {
  const { random, cast } = known;
  const verb = random.pick(verbs);
  const route = `POST ${SESSION}/${verb}`;
  const earlier = recent(random, known.asked.get(route) ?? []);
  if (earlier !== undefined && random.chance(0.15)) return earlier;
  const sessionId = sessionFor(known, verb);
  const name = random.chance(0.95) ? random.pick(SIGNALS) : random.pick(["t0", "%C3%BC", "constructor", "__proto__"]);
  const value = toJson({ ...bodies[verb]?.(known), ...(random.chance(0.02) ? { unknown: 1 } : {}) });
  const body = random.chance(0.04) ? spoilt(random, value) : value;
  const keyed = random.chance(verb.startsWith("signals") ? 0.4 : 0.2);
  return request(route, {
    params: { sessionId, name, task: someTask(known, sessionId, verb) },
    ...(body === "{}" && random.chance(0.7) ? {} : { body }),
    headers: keyed ? { "Idempotency-Key": random.pick(cast.keys) } : {},
  });
};
