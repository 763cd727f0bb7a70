import { createRandom, type Random } from "../sim/random.ts";
import type { CallOut, Command, RequestCommand, Step } from "./command.ts";
import { sample, text } from "./values.ts";

/** Ids inside the pattern that databases may take for numbers, for the same, or for another order. */
const agentIds: readonly string[] = [
  "a", "A", "aa", "a-b", "a_b", "a.b", "a~b", "a:b", "B", "z", "Z", "0", "00", "1", "01", "1.0", "1e3", "0x10", "007",
  "9007199254740993", "9007199254740992", "null", "true", "11111111-2222-4333-8444-555555555555", "agent:a", "cap:a",
  "q".repeat(128),
]; // prettier-ignore

/** Ids that a database must not take for one another: one such family is in every cast. */
const lookalikes: readonly (readonly string[])[] = [
  ["a", "A"],
  ["w", "W"],
  ["e3", "E3"],
  ["null", "NULL"],
  ["1", "01", "1.0"],
  ["1e3", "1000", "1E3"],
  ["9007199254740993", "9007199254740992"],
  ["a_b", "a-b", "A_B"],
];

const workflowIds: readonly string[] = [
  "w",
  "W",
  "w_1",
  "w-1",
  "w.1",
  "1",
  "1.0",
  "01",
  "1e3",
  "null",
  "v".repeat(128),
];

const idempotencyKeys: readonly string[] = ["k", "K", '"k"', "%", "_", "1", "1.0", "'", "k".repeat(255)];

export interface Attempt {
  readonly id: string;
  readonly agentId: string;
}

/** What the writer of a script knows so far: who takes part, and what it has seen. */
export interface Known {
  readonly random: Random;
  now(): number;
  /** A few of each, so that they meet again and again. */
  readonly cast: {
    readonly agentIds: readonly string[];
    readonly names: readonly string[];
    readonly capabilities: readonly string[];
    readonly workflowIds: readonly string[];
    readonly keys: readonly string[];
  };
  /** What was registered or saved, perhaps no longer. */
  readonly registered: string[];
  readonly offered: string[];
  readonly saved: string[];
  readonly schedules: string[];
  /** Ids of API keys, each with a secret that it has or had. */
  readonly keys: (readonly [keyId: string, key: string])[];
  readonly webhooks: string[];
  readonly deliveries: string[];
  readonly sessions: string[];
  /** Those that were seen to have ended. */
  readonly ended: string[];
  /** Sessions of one task. */
  readonly singles: string[];
  /** What sessions were started from, as text, by their ids; and of saved definitions by theirs. */
  readonly definitions: Map<string, string>;
  readonly attempts: Attempt[];
  /** Cursors by the route that gave them. */
  readonly cursors: Map<string, string[]>;
  /** Requests by route: to repeat one. */
  readonly asked: Map<string, RequestCommand[]>;
  /** Sessions named by queue messages. */
  readonly messages: string[];
  readonly stamps: string[];
}

export const createKnown = (seed: string, now: () => number): Known => {
  const random = createRandom(`${seed}/script`);
  const some = (list: readonly string[], count: number): readonly string[] => sample(random, list, count);
  return {
    random,
    now,
    cast: {
      agentIds: [...random.pick(lookalikes), ...some(agentIds, random.int(4))],
      names: ["", ...Array.from({ length: 3 }, () => text(random))],
      capabilities: ["write", ...Array.from({ length: 2 }, () => text(random).slice(0, 256) || "WRITE")],
      workflowIds: [...random.pick(lookalikes), ...some(workflowIds, random.int(2))],
      keys: some(idempotencyKeys, 2),
    },
    registered: [],
    offered: [],
    saved: [],
    schedules: [],
    keys: [],
    webhooks: [],
    deliveries: [],
    sessions: [],
    ended: [],
    singles: [],
    definitions: new Map(),
    attempts: [],
    cursors: new Map(),
    asked: new Map(),
    messages: [],
    stamps: [],
  };
};

/** The newest most of the time. */
export const recent = <T>(random: Random, list: readonly T[]): T | undefined =>
  list.length === 0 ? undefined : random.pick(random.chance(0.7) ? list.slice(-2) : list);

const push = <T>(map: Map<string, T[]>, key: string, value: T): void => {
  map.set(key, [...(map.get(key) ?? []), value]);
};

interface Registration {
  readonly agentId?: string;
  readonly agent_details?: Registration;
  readonly capabilities?: readonly string[];
}

/** Takes note of an agent or a definition that Ops-Core has taken. */
const learnTaken = (known: Known, { route, path, body }: RequestCommand): void => {
  if (route === "POST /v1/opscore/workflows") {
    const id = /"?id"?: ?"([^"]*)"/.exec(body ?? "")?.[1];
    if (id === undefined) return;
    known.saved.push(id);
    known.definitions.set(id, body ?? "");
    return;
  }
  if (body === null || !/^PUT |notify$/.test(route)) return;
  const parsed = JSON.parse(body) as Registration;
  const { agentId = path.split("/").at(-1) ?? "", capabilities } = parsed.agent_details ?? parsed;
  known.registered.push(agentId);
  known.offered.push(...(capabilities ?? []).slice(0, 3));
};

/** Takes note of an attempt that an agent was given; calls of the engine itself are nobody's to settle. */
const learnAttempt = (known: Known, { url, body }: CallOut): void => {
  const id = /"opscore_task_id":"([^"]+)"/.exec(body)?.[1];
  if (id === undefined || body.includes('"tool_invocation"')) return;
  const agentId = new URL(url).pathname
    .replace(/\/run$/, "")
    .split("/")
    .at(-1);
  known.attempts.push({ id, agentId: agentId ?? "" });
};

/** Takes note of what a session was started from. */
const learnStarted = (known: Known, sessionId: string, body: string): void => {
  known.sessions.push(sessionId);
  const saved = /"workflowDefinitionId":"([^"]*)"/.exec(body)?.[1];
  known.definitions.set(
    sessionId,
    body.includes('"workflowDefinition":') ? body : (known.definitions.get(saved ?? "") ?? ""),
  );
};

/** A session that is run again is of the same definition. */
const learnRerun = (known: Known, from: string, to: string): void => {
  if (known.sessions.includes(to)) return;
  known.sessions.push(to);
  known.definitions.set(to, known.definitions.get(from) ?? "");
};

interface Answer {
  readonly done?: readonly { readonly sessionId: string; readonly newSessionId?: string }[];
  readonly sessionId?: string;
  readonly status?: unknown;
  readonly scheduleId?: string;
  readonly keyId?: string;
  readonly key?: string;
  readonly webhookId?: string;
  readonly deliveryId?: string;
  readonly data?: readonly { readonly deliveryId?: string }[];
  readonly nextCursor?: string | null;
}

/** Takes note of subscriptions and deliveries. */
const learnWebhook = (known: Known, { webhookId, deliveryId, data = [] }: Answer): void => {
  if (webhookId !== undefined && !known.webhooks.includes(webhookId)) known.webhooks.push(webhookId);
  if (!Array.isArray(data)) return;
  for (const id of [deliveryId, ...data.map((one) => one.deliveryId)]) {
    if (id !== undefined && !known.deliveries.includes(id)) known.deliveries.push(id);
  }
};

/** Takes note of what a command has brought. */
export const learn = (known: Known, command: Command, step: Step): void => {
  for (const call of step.callsOut) learnAttempt(known, call);
  known.messages.push(...step.messages.map(({ sessionId }) => sessionId));
  if (command.kind !== "request" || step.answer === null) return;
  push(known.asked, command.route, command);
  if (step.answer.status < 300) learnTaken(known, command);
  if (!/^[[{]/.test(step.answer.body)) return;
  const answer = JSON.parse(step.answer.body) as Answer;
  const { sessionId, scheduleId, keyId, key, nextCursor, status, done = [] } = answer;
  if (keyId !== undefined && key !== undefined) known.keys.push([keyId, key]);
  const rerun = /\/sessions\/(ses_\w+)\/rerun/.exec(command.path)?.[1];
  for (const [from, to] of [[rerun, sessionId], ...done.map((one) => [one.sessionId, one.newSessionId])]) {
    if (from !== undefined && to !== undefined) learnRerun(known, from, to);
  }
  if (sessionId !== undefined && command.route === "POST /v1/opscore/tasks") known.singles.push(sessionId);
  if (sessionId !== undefined && !known.sessions.includes(sessionId))
    learnStarted(known, sessionId, command.body ?? "");
  if (scheduleId !== undefined && !known.schedules.includes(scheduleId)) known.schedules.push(scheduleId);
  if (sessionId !== undefined && /^(completed|failed|cancelled)$/.test(String(status))) known.ended.push(sessionId);
  learnWebhook(known, answer);
  if (typeof nextCursor === "string") push(known.cursors, command.route, nextCursor);
};

interface Parts {
  /** What stands in the place of each `:name` of the route. */
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request for a route as the app registers it, such as `GET /v1/opscore/agents/:agentId`. */
export const request = (route: string, { params = {}, query = "", body, headers = {} }: Parts = {}): RequestCommand => {
  const [method = "", template = ""] = route.split(" ");
  const path = template.replace(/:([A-Za-z]+)/g, (_, name: string) => params[name] ?? "");
  return {
    kind: "request",
    route,
    method,
    path: query === "" ? path : `${path}?${query}`,
    headers,
    body: body ?? null,
  };
};
