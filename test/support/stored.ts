import { afterEach } from "vitest";
import { logRow } from "../../src/app/log-row.ts";
import { sha256 } from "../../src/app/sha256.ts";
import type { ReportRow, SessionCommit, SessionRecord, Store, WaitingRow } from "../../src/app/store-port.ts";
import type { Agent } from "../../src/core/agent/agent.ts";
import type { AgentEffect } from "../../src/core/agent/effects.ts";
import { newAgent } from "../../src/core/agent/evolve.ts";
import { attemptIdOf, sessionIdAt } from "../../src/core/ids.ts";
import type { SessionEvent } from "../../src/core/session/events.ts";
import type { OpenTask, SessionState } from "../../src/core/session/state.ts";
import { statement, type Row, type Sql, type SqlValue } from "../../src/store/sql-port.ts";
import { createStore } from "../../src/store/store.ts";
import type { Platform } from "./world.ts";
import { TABLES } from "./tables.ts";

/** Epoch ms at which everything below happens unless it says otherwise. */
export const T0 = Date.UTC(2026, 10, 22, 8, 0, 0);

/** A store over a fresh database, and the database itself to look into. */
export interface Stored {
  readonly store: Store;
  readonly sql: Sql;
  rows(text: string, ...args: readonly SqlValue[]): Promise<readonly Row[]>;
  /** Every row of every table, to show that nothing was written. */
  dump(): Promise<string>;
}

/** Opens stores and closes them after each test. `wrap` stands between the store and the database. */
export const stores = (platform: Platform): ((wrap?: (sql: Sql) => Sql) => Promise<Stored>) => {
  const closing: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });
  return async (wrap = (sql) => sql) => {
    const opened = await platform.openSql();
    const { sql } = opened;
    closing.push(() => opened.close());
    const rows: Stored["rows"] = async (text, ...args) => {
      const [result] = await sql.batch([statement(text, ...args)], "write");
      return result?.rows ?? [];
    };
    return {
      store: createStore(wrap(sql)),
      sql,
      rows,
      dump: async () => {
        const tables = await sql.batch(
          TABLES.map((table) => statement(`SELECT * FROM ${table}`)),
          "read",
        );
        return JSON.stringify(tables.map((table) => table.rows));
      },
    };
  };
};

let nonces = 0;

/** A text no other commit has. */
export const freshNonce = (): string => `nonce-${(nonces += 1)}`;

const cause = { command: "Test", actor: { kind: "system", id: "test" }, requestId: null } as const;

/** A registered agent in the store, as loaded back. */
export const putAgent = async ({ store }: Stored, id: string, patch: Partial<Agent> = {}): Promise<Agent> => {
  const agent: Agent = { ...newAgent(id, T0), name: `name of ${id}`, admission: "registered", ...patch };
  const log = await logRow({ stream: `agent:${id}`, seq: 1, at: T0 }, cause, [], "");
  await store.commitAgent({
    nonce: freshNonce(),
    seq: null,
    agent,
    log,
    report: null,
    superseded: null,
    reroute: [],
    now: T0,
  });
  return getAgent(store, id);
};

export const getAgent = async (store: Store, id: string): Promise<Agent> => {
  const { agent } = await store.loadAgent(id, null);
  if (agent === null) throw new Error(`no agent ${id}`);
  return agent.agent;
};

/** The n-th session of a test. */
export const sessionId = (n: number): string => sessionIdAt(T0 + n, `${n}`.padStart(32, "0"));

export const attemptOf = (session: number, n = 1, attempt = 1): string => attemptIdOf(sessionId(session), n, attempt);

export const stateOf = (session: number, open: readonly OpenTask[] = []): SessionState => ({
  v: 1,
  id: sessionId(session),
  definition: { workflowId: "w", revision: 1, hash: "h" },
  home: null,
  status: "open",
  startedAt: T0,
  updatedAt: T0,
  endedAt: null,
  reason: null,
  tasks: open.length,
  open,
  ended: {},
  dispatched: false,
});

const base = (n: number, rejectedBy: readonly string[]) =>
  ({
    taskId: `t${n}`,
    n,
    attempt: 0,
    used: 0,
    refusals: 0,
    rejectedBy,
    paramsSeq: 1,
    readyAt: T0,
    last: null,
  }) as const;

export const waitingTask = (n: number, queue: string, rejectedBy: readonly string[] = []): OpenTask => ({
  ...base(n, rejectedBy),
  phase: "waiting",
  queue,
  since: T0,
  why: { code: "no_free_agent", message: "nobody is free" },
});

export const waitingRow = (
  session: number,
  queue: string,
  order: number,
  notAgents: readonly string[] = [],
): WaitingRow => ({
  queue,
  order,
  taskId: attemptOf(session).replace(/:.*/, ""),
  sessionId: sessionId(session),
  notAgents,
});

export const claim = (agentId: string, session: number, n = 1, sentAt = T0): AgentEffect => ({
  kind: "claim",
  agentId,
  attemptId: attemptOf(session, n),
  sessionId: sessionId(session),
  sentAt,
  again: false,
});

export const release = (agentId: string, session: number, n = 1): AgentEffect => ({
  kind: "release",
  agentId,
  attemptId: attemptOf(session, n),
  settled: true,
  missedAt: null,
  contactAt: null,
  reachedByAgentKit: false,
  reportsPromptly: null,
});

/** A commit of the n-th session: its start, or the next change after `previous`. */
export const commitOf = async (
  session: number,
  patch: Partial<SessionCommit> & { readonly events?: readonly Partial<SessionEvent>[] } = {},
): Promise<SessionCommit> => {
  const { events = [{ type: "SessionWarned" }], ...rest } = patch;
  const previous = patch.previous ?? null;
  const seq = (previous?.seq ?? 0) + 1;
  const log = await logRow({ stream: sessionId(session), seq, at: T0 + seq }, cause, events, previous?.hash ?? "");
  return {
    nonce: freshNonce(),
    previous,
    state: previous?.state ?? stateOf(session),
    needs: { rows: [], agents: [], caps: [] },
    dueAt: undefined,
    dueBy: null,
    log,
    effects: [],
    agents: [],
    waitsAdded: [],
    waitsRemoved: [],
    report: null,
    start: null,
    freed: [],
    nudged: [],
    ...rest,
  };
};

/** The agents of a commit as loaded: each is left as it was but for the effects. */
export const relying = (...agents: readonly Agent[]): SessionCommit["agents"] =>
  agents.map((agent) => ({ id: agent.id, seq: agent.seq, after: agent }));

export const getSession = async (store: Store, session: number): Promise<SessionRecord> => {
  const loaded = await store.loadSession({ sessionId: sessionId(session), historyOf: null });
  if (loaded.session === null) throw new Error(`no session ${session}`);
  return loaded.session;
};

/** Starts the n-th session in the store and gives it back as loaded. */
export const putSession = async (
  { store }: Stored,
  session: number,
  patch: Parameters<typeof commitOf>[1] = {},
): Promise<SessionRecord> => {
  await store.commitSession(await commitOf(session, patch));
  return getSession(store, session);
};

/** A report received when it was sent, `offset` µs after T0. */
export const reportOf = async (agentId: string, offset: number, patch: Partial<ReportRow> = {}): Promise<ReportRow> => {
  const sentMicros = patch.sentMicros ?? T0 * 1_000 + offset;
  const receivedAt = patch.receivedAt ?? Math.ceil(sentMicros / 1_000);
  const state = patch.state ?? "idle";
  const row = {
    agentId,
    sent: `sent ${sentMicros}`,
    sentMicros,
    receivedAt,
    state,
    meaning: "free" as const,
    details: null,
    attemptId: null,
    outcome: null,
    atMicros: Math.min(sentMicros, receivedAt * 1_000),
    ...patch,
  };
  return {
    ...row,
    digest: patch.digest ?? (await sha256(JSON.stringify([row.sent, state, row.details]))).slice(0, 32),
  };
};

/** Whether a stream's log is 1..n without gap and every row's hash follows from the row before. */
export const chainFault = async (stored: Stored, stream: string): Promise<string | null> => {
  const rows = await stored.rows("SELECT * FROM log WHERE stream = ? ORDER BY seq", stream);
  let before = "";
  for (const [at, row] of rows.entries()) {
    if (row["seq"] !== at + 1) return `row ${at + 1} has seq ${row["seq"]}`;
    const chained = [before, row["stream"], row["seq"], row["at"], row["v"], row["cause"], row["events"]];
    before = await sha256(JSON.stringify(chained));
    if (before !== row["hash"]) return `row ${at + 1} has another hash`;
  }
  return null;
};
