import type { SessionFilter } from "../../src/app/session-lists-port.ts";
import type { SessionStatusText } from "../../src/contract/queries.ts";
import { sessionIdAt } from "../../src/core/ids.ts";
import type { OpenTask, SessionState } from "../../src/core/session/state.ts";
import { readStatus, storedStatus } from "../../src/core/session/view.ts";
import { waitingFor } from "../../src/core/session/waiting-for.ts";
import { statement, type Sql } from "../../src/store/sql-port.ts";
import { createRandom, type Random } from "../sim/random.ts";
import { T0 } from "./stored.ts";

/** Many sessions written as rows, and the filters over them said again in plain words. */

/** A head as stored; `paused` and `parent` as they are going to be. */
export type SeededState = SessionState;

export const anySession: SessionFilter = {
  statuses: null,
  waitingFor: null,
  workflowId: null,
  agentId: null,
  errorCode: null,
  startedFrom: null,
  startedBefore: null,
  endedFrom: null,
  endedBefore: null,
  text: null,
  parent: null,
  roots: null,
};

const AGENTS = ["a1", "a2", "a3"] as const;
const WORKFLOWS = ["report", "Nightly.Batch", "sign-off"] as const;
const CODES = ["run_deadline", "no_agent", "boom"] as const;
const WAITS = ["no_agent", "queued", "agent_gone"] as const;
const SECOND = 1_000;

export const seededId = (n: number): string => sessionIdAt(T0 + n * SECOND, n.toString(16).padStart(32, "0"));

const base = (n: number, random: Random) => ({
  taskId: `t${n}`,
  n,
  attempt: random.int(3),
  used: 0,
  refusals: 0,
  rejectedBy: [],
  paramsSeq: 1,
  readyAt: T0,
  last: random.chance(0.5) ? { code: "boom", message: "it broke" } : null,
});

/** One maker for each phase there is: a new one does not compile until it is drawn here too. */
const phases: { readonly [P in OpenTask["phase"]]: (n: number, random: Random) => OpenTask } = {
  waiting: (n, random) => ({
    ...base(n, random),
    phase: "waiting",
    queue: "cap:x",
    since: T0,
    why: { code: random.pick(WAITS), message: "nobody is free" },
  }),
  backoff: (n, random) => ({ ...base(n, random), phase: "backoff", retryAt: T0 }),
  sleeping: (n, random) => ({ ...base(n, random), phase: "sleeping", until: T0, fixed: random.chance(0.5) }),
  dispatched: (n, random) => ({
    ...base(n, random),
    phase: "dispatched",
    agentId: random.pick(AGENTS),
    sentAt: T0,
    leaseUntil: T0,
  }),
  calling: (n, random) => ({ ...base(n, random), phase: "calling", sentAt: T0, leaseUntil: T0 }),
  awaiting: (n, random) => ({
    ...base(n, random),
    phase: "awaiting",
    what: random.pick(["signal", "approval"] as const),
    name: "go",
    until: null,
  }),
  mapping: (n, random) => ({ ...base(n, random), phase: "mapping", count: 9, next: 2, done: 1, bytes: 9 }),
  child: (n, random) => ({ ...base(n, random), phase: "child", sessionId: seededId(1), leaseUntil: T0 }),
};

const openTasks = (random: Random): readonly OpenTask[] => {
  const all = Array.from({ length: 1 + random.int(4) }, (_, at) =>
    random.pick(Object.values(phases))(at + 1 + random.int(2) * 5, random),
  );
  // A task's number is its own; the order in the head says nothing.
  return [...new Map(all.map((task) => [task.n, task])).values()].toReversed();
};

/** The n-th session, a second after the one before. A third is open. */
export const seededState = (n: number, random: Random): SeededState => {
  const status = random.pick(["open", "open", "paused", "completed", "failed", "cancelled"] as const);
  const startedAt = T0 + n * SECOND;
  const ended = status !== "open" && status !== "paused";
  const code = random.pick(CODES);
  const reason = { failed: { code, message: `Task ${code.toUpperCase()} gave up on Größe ${n}` } };
  return {
    v: 1,
    id: seededId(n),
    definition: { workflowId: random.pick(WORKFLOWS), revision: 1, hash: "h" },
    home: random.chance(0.5) ? random.pick(AGENTS) : null,
    status: status === "paused" ? "open" : status,
    ...(status === "paused" ? { paused: { at: startedAt, reason: null } } : {}),
    startedAt,
    updatedAt: startedAt,
    endedAt: ended ? startedAt + random.int(600) * SECOND : null,
    reason:
      status === "cancelled"
        ? { code: "cancelled", message: "by the operator" }
        : status === "failed"
          ? reason.failed
          : null,
    tasks: 20,
    open: ended ? [] : openTasks(random),
    ended: {},
    dispatched: random.chance(0.7),
    ...(n > 0 && random.chance(0.1)
      ? { parent: { sessionId: seededId(random.int(Math.min(n, 5))), n: 1, attempt: 1, depth: 1 } }
      : {}),
  };
};

/** Writes heads as rows, whatever was there before. Nothing else is written: no log, no agents. */
export const writeStates = async (sql: Sql, states: readonly SeededState[]): Promise<void> => {
  for (let at = 0; at < states.length; at += 500) {
    const rows = states.slice(at, at + 500).map((state) => [state.id, storedStatus(state), state.startedAt, state]);
    await sql.batch(
      [
        statement(
          `INSERT OR REPLACE INTO sessions (id, seq, tx, status, hash, workflow_id, revision, definition_hash, head, needs,
             started_at)
           SELECT json_extract(value, '$[0]'), 1, 'x', json_extract(value, '$[1]'), 'h',
             json_extract(value, '$[3].definition.workflowId'), 1, 'h', json_extract(value, '$[3]'), '{}',
             json_extract(value, '$[2]') FROM json_each(?)`,
          JSON.stringify(rows),
        ),
      ],
      "write",
    );
  }
};

export const statusOf = (state: SeededState): SessionStatusText => readStatus(state);

const lower = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

const hasText = (state: SeededState, text: string): boolean =>
  lower(text).startsWith("ses_")
    ? lower(state.id).startsWith(lower(text))
    : [state.id, state.definition.workflowId, state.reason?.message ?? ""].some((one) =>
        lower(one).includes(lower(text)),
      );

/** Whether a filter leaves a session: what the store's SQL must agree with. */
export const passes = (state: SeededState, filter: SessionFilter): boolean => {
  const waits = waitingFor(state, null);
  const holds: { readonly [K in keyof SessionFilter]: (value: NonNullable<SessionFilter[K]>) => boolean } = {
    statuses: (value) => value.includes(statusOf(state)),
    waitingFor: (value) => waits?.code === value,
    workflowId: (value) => state.definition.workflowId === value,
    agentId: (value) =>
      state.home === value || state.open.some((task) => task.phase === "dispatched" && task.agentId === value),
    errorCode: (value) => state.status === "failed" && state.reason?.code === value,
    startedFrom: (value) => state.startedAt >= value,
    startedBefore: (value) => state.startedAt < value,
    endedFrom: (value) => state.endedAt !== null && state.endedAt >= value,
    endedBefore: (value) => state.endedAt !== null && state.endedAt < value,
    text: (value) => hasText(state, value),
    parent: (value) => state.parent?.sessionId === value,
    roots: () => state.parent === undefined,
  };
  return Object.entries(filter).every(
    ([name, value]) => value === null || (holds[name as keyof SessionFilter] as (value: unknown) => boolean)(value),
  );
};

/** A filter with one to three members set, to values of which most occur among `count` seeded sessions. */
export const drawFilter = (random: Random, count: number): SessionFilter => {
  const time = (): number => T0 + random.int(count + 200) * SECOND;
  const statuses = ["started", "running", "waiting", "paused", "completed", "failed", "cancelled"] as const;
  const draw: { readonly [K in keyof SessionFilter]: () => SessionFilter[K] } = {
    statuses: () => statuses.filter(() => random.chance(0.4)),
    waitingFor: () => random.pick([...WAITS, "retry", "agent", "nothing"]),
    workflowId: () => random.pick([...WORKFLOWS, "unknown"]),
    agentId: () => random.pick([...AGENTS, "nobody"]),
    errorCode: () => random.pick([...CODES, "cancelled"]),
    startedFrom: time,
    startedBefore: time,
    endedFrom: time,
    endedBefore: time,
    text: () =>
      random.pick([
        ...["BATCH", "boom GAVE", "größe", "Größe 1", "%", "_", "operator", "ses_", "ses_x"],
        seededId(random.int(count)).slice(8, 20),
        seededId(random.int(count)).slice(0, 8 + random.int(20)),
        lower(seededId(random.int(count)).slice(0, 12)),
      ]),
    parent: () => seededId(random.int(6)),
    roots: () => true,
  };
  const filter: { -readonly [K in keyof SessionFilter]: SessionFilter[K] } = { ...anySession };
  for (let times = 1 + random.int(3); times > 0; times -= 1) {
    const name = random.pick(Object.keys(draw) as (keyof SessionFilter)[]);
    Object.assign(filter, { [name]: draw[name]() });
  }
  return filter;
};

export const seededStates = (count: number, seed = "lists"): SeededState[] => {
  const random = createRandom(seed);
  return Array.from({ length: count }, (_, n) => seededState(n, random));
};

/** The same session, neither paused nor ended. */
export const running = ({ paused: _, ...state }: SeededState): SeededState => ({ ...state, status: "open" });
