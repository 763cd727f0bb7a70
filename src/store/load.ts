import type { DefinitionQuery, LoadedReport, LoadedSession, LoadedStart, Store } from "../app/store-port.ts";
import type { JsonObject } from "../core/json.ts";
import { isOwnKey } from "../core/own-key.ts";
import { covers, unionOf, type Needs } from "../core/session/needs.ts";
import { AGENT_COLUMNS, WITH_NEWEST } from "./fragments.ts";
import { factStatements, readFacts, readPair, type Expression } from "./load-facts.ts";
import { jsonOrNull, text, toAgent, toDefinition, toSession } from "./rows.ts";
import { statement, type Row, type Sql, type SqlResult, type Statement } from "./sql-port.ts";

/** How far back a repeat of a report from a fast clock is looked for: our clocks differ by five minutes at most. */
export const REPEAT_WINDOW_MICROS = 360_000_000;

/** An Idempotency-Key is kept this long (ms). */
export const KEY_LIFE_MS = 7 * 86_400_000;

/** Sessions started up to then have lost this key (epoch ms). Our own keys are kept for ever. */
export const expiryOf = (key: string, now: number): number => (isOwnKey(key) ? -1 : now - KEY_LIFE_MS);

const sessionStatements = (session: Expression): readonly Statement[] => [
  { sql: `SELECT id, seq, hash, head, needs, due_at FROM sessions WHERE id = ${session.sql}`, args: session.args },
  {
    sql: `SELECT w.* FROM sessions s JOIN workflows w
      ON w.workflow_id = s.workflow_id AND w.revision = s.revision AND w.hash = s.definition_hash WHERE s.id = ${session.sql}`,
    args: session.args,
  },
];

const given = (needs: Needs): Expression => ({ sql: "?", args: [JSON.stringify(needs)] });

/** What is given, else what was stored with the session. */
const needsOfSession = (session: Expression, asked: Needs | null): Expression =>
  asked === null
    ? { sql: `coalesce((SELECT needs FROM sessions WHERE id = ${session.sql}), '{}')`, args: session.args }
    : given(asked);

const NO_NEEDS: Needs = { rows: [], agents: [], caps: [] };

/** `own`: what was stored; that was loaded, unless something else was asked for. */
const loadedNeeds = (asked: Needs | null, own: Needs): Pick<LoadedSession, "needs" | "isWhole"> =>
  asked === null ? { needs: own, isWhole: true } : { needs: unionOf(asked, own), isWhole: covers(asked, own) };

const readSession = (results: readonly SqlResult[], historyOf: string | null, asked: Needs | null): LoadedSession => {
  const [head, definition, ...facts] = results;
  const headRow = head?.rows[0];
  const definitionRow = definition?.rows[0];
  return {
    session: headRow === undefined ? null : toSession(headRow),
    definition: definitionRow === undefined ? null : toDefinition(definitionRow),
    ...loadedNeeds(asked, jsonOrNull<Needs>(headRow?.["needs"]) ?? NO_NEEDS),
    facts: readFacts(facts, historyOf, asked),
  };
};

/** The row of a definition, with its table. */
const definitionOf = (query: DefinitionQuery): Expression => {
  if (query.kind === "pinned") {
    const { workflowId, revision, hash } = query.ref;
    return {
      sql: "FROM workflows WHERE workflow_id = ? AND revision = ? AND hash = ?",
      args: [workflowId, revision, hash],
    };
  }
  const newest = query.kind === "inline" || query.revision === null;
  return {
    sql: `FROM workflows WHERE workflow_id = ? AND ${newest ? "revision > 0" : "revision = ?"}
      ORDER BY revision DESC LIMIT 1`,
    args: newest ? [query.workflowId] : [query.workflowId, query.revision],
  };
};

export const definitionStatement = (query: DefinitionQuery): Statement => {
  const { sql, args } = definitionOf(query);
  return { sql: `SELECT * ${sql}`, args };
};

/** What starting needs: of a saved definition as stored with it, of an inline one as given; the home agent besides. */
const needsOfStart = (query: DefinitionQuery, home: string | null): Expression => {
  const row = definitionOf(query);
  const saved: Expression =
    query.kind === "inline"
      ? given(query.needs)
      : { sql: `coalesce((SELECT needs ${row.sql}), '{"agents":[],"caps":[]}')`, args: row.args };
  return home === null ? saved : { sql: `json_insert(${saved.sql}, '$.agents[#]', ?)`, args: [...saved.args, home] };
};

const startNeedsIn = (query: DefinitionQuery, row: Row | undefined): Needs =>
  query.kind === "inline" ? query.needs : (jsonOrNull<Needs>(row?.["needs"]) ?? NO_NEEDS);

const withHome = (needs: Needs, home: string | null): Needs =>
  home === null ? needs : { ...needs, agents: [...needs.agents, home] };

/** The loads of the engine: each one batch, whatever the command needs. */
export const loads = (sql: Sql): Pick<Store, "loadSession" | "loadReport" | "loadStart"> => ({
  loadSession: async ({ sessionId, historyOf, needs = null }) => {
    const session: Expression = { sql: "?", args: [sessionId] };
    const results = await sql.batch(
      [
        ...sessionStatements(session),
        ...factStatements(needsOfSession(session, needs), session, historyOf, null, needs),
      ],
      "read",
    );
    return readSession(results, historyOf, needs);
  },

  loadReport: async ({
    agentId,
    atMicros,
    sentMicros,
    digest,
    sessionId,
    historyOf,
    needs = null,
  }): Promise<LoadedReport> => {
    const session: Expression =
      sessionId === null
        ? {
            sql: "(SELECT json_extract(t.value, '$.sessionId') FROM agents x, json_each(x.tasks) t WHERE x.id = ? LIMIT 1)",
            args: [agentId],
          }
        : { sql: "?", args: [sessionId] };
    const results = await sql.batch(
      [
        statement(`SELECT ${AGENT_COLUMNS} FROM agents a ${WITH_NEWEST} WHERE a.id = ?`, agentId),
        statement(
          "SELECT outcome FROM agent_log WHERE agent_id = ? AND at BETWEEN ? AND ? AND digest = ? LIMIT 1",
          agentId,
          atMicros - REPEAT_WINDOW_MICROS,
          Math.max(atMicros, sentMicros),
          digest,
        ),
        ...sessionStatements(session),
        ...factStatements(needsOfSession(session, needs), session, historyOf, agentId, needs),
      ],
      "read",
    );
    const [agentRow, repeatRow] = [results[0]?.rows[0], results[1]?.rows[0]];
    const agent = agentRow === undefined ? null : toAgent(agentRow);
    return {
      ...readSession(results.slice(2), historyOf, needs),
      agent,
      repeated: repeatRow === undefined ? null : { outcome: jsonOrNull<JsonObject>(repeatRow["outcome"]) },
      pair: readPair(results.slice(4), agent === null ? undefined : Object.keys(agent.tasks)[0]),
    };
  },

  loadStart: async ({ definition, home, needs = null, idempotencyKey, now }): Promise<LoadedStart> => {
    const results = await sql.batch(
      [
        definitionStatement(definition),
        statement(
          "SELECT id, workflow_id, body_hash FROM sessions WHERE idempotency_key = ? AND started_at > ?",
          idempotencyKey,
          expiryOf(idempotencyKey ?? "", now),
        ),
        ...factStatements(needs === null ? needsOfStart(definition, home) : given(needs), null, null, null, needs),
      ],
      "read",
    );
    const [definitionRow, earlierRow] = [results[0]?.rows[0], results[1]?.rows[0]];
    return {
      definition: definitionRow === undefined ? null : toDefinition(definitionRow),
      earlier:
        earlierRow === undefined
          ? null
          : {
              sessionId: text(earlierRow, "id"),
              workflowId: text(earlierRow, "workflow_id"),
              bodyHash: text(earlierRow, "body_hash"),
            },
      ...loadedNeeds(needs, withHome(startNeedsIn(definition, definitionRow), home)),
      facts: readFacts(results.slice(2), null, needs),
    };
  },
});
