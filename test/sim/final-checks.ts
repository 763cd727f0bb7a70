import { createHash } from "node:crypto";
import type { SessionEvent } from "../../src/core/session/events.ts";
import type { AuthoredDefinition } from "../../src/core/workflow/normalise.ts";
import { violationsOf } from "../support/legal-execution.ts";
import { familyViolationsOf } from "../support/legal-family.ts";
import type { SimAgent } from "./agents.ts";
import type { SimDatabase } from "./database.ts";
import type { SimOperator } from "./operator.ts";
import type { Log } from "./reruns.ts";
import type { SimWorld } from "./world.ts";

/** After the faults stop every session must have ended by then. */
export const HEAL_MS = 90 * 60_000;

const logsIn = (db: SimDatabase): ReadonlyMap<string, Log> =>
  new Map(
    db
      .query(
        `SELECT s.id, w.body FROM sessions s JOIN workflows w
          ON w.workflow_id = s.workflow_id AND w.revision = s.revision AND w.hash = s.definition_hash`,
      )
      .map((row) => {
        const rows = db
          .query("SELECT at, events FROM log WHERE stream = ? ORDER BY seq", String(row["id"]))
          .map(({ at, events }) => ({ at: Number(at), events: JSON.parse(String(events)) as SessionEvent[] }));
        return [String(row["id"]), { document: JSON.parse(String(row["body"])) as AuthoredDefinition, rows }];
      }),
  );

/** What holds at the end, when nothing is under way any more. */
export const finalChecks = (
  world: SimWorld,
  agents: readonly SimAgent[],
  operator: SimOperator,
  db: SimDatabase,
  stillOpen: boolean,
  check: (ok: boolean, promise: string, message: () => string) => void,
): void => {
  if (world.checker.violations.length > 0 || world.bugs.length > 0) return;
  check(!stillOpen, "P10", () => {
    const open = db.query("SELECT id, head, due_at FROM sessions WHERE status IN ('open', 'paused')");
    const unstarted = operator.started.filter(({ sessionId }) => sessionId === null).map(({ key }) => key);
    return `not ended ${HEAL_MS / 60_000} min after the faults stopped: ${JSON.stringify(open)} unstarted ${unstarted.join(",")}${operator.isBusy ? "; people or schedules are not done" : ""}`;
  });
  // L5: nothing failed because the store, AgentKit or we were away: such an attempt does not count.
  for (const { events } of db.query("SELECT events FROM log WHERE instr(events, '\"AttemptEnded\"') > 0")) {
    for (const event of JSON.parse(String(events)) as SessionEvent[]) {
      if (event.type !== "AttemptEnded") continue;
      const away = event.outcome === "refused" || event.outcome === "agent_deregistered";
      check(!away || !event.counts, "L5", () => `${event.attemptId} ended ${event.outcome} and counts`);
    }
  }
  // P6: every log is a legal execution of its definition, as a naive interpreter sees it.
  const logs = logsIn(db);
  for (const [id, log] of logs) {
    const [first] = violationsOf(log.document, log.rows, operator.reruns.sourceOf(log, logs));
    check(first === undefined, "P6", () => `${id}: no legal execution: ${first}`);
  }
  const [apart] = familyViolationsOf(
    [...logs.values()].map(({ rows }) => rows),
    true,
  );
  check(apart === undefined, "P6", () => `children and parents: ${apart}`);
  // P11: a stored definition is what its hash says, however often its workflow was edited.
  for (const row of db.query("SELECT workflow_id, hash, body FROM workflows")) {
    const hash = createHash("sha256").update(String(row["body"])).digest("hex");
    check(hash === row["hash"], "P11", () => `the definition ${String(row["workflow_id"])} is not what was saved`);
  }
  // P8: one key, one session. P1: what was acknowledged is there.
  const seen = new Map<string, string>();
  for (const { key, sessionId } of operator.started) {
    if (sessionId === null) continue;
    check(world.checker.sessions.has(sessionId), "P1", () => `${sessionId} was acknowledged and is not in the log`);
    check(!seen.has(sessionId), "P8", () => `${key} and ${seen.get(sessionId)} got the same session`);
    seen.set(sessionId, key);
  }
  const byKey = db.query(
    "SELECT idempotency_key, count(*) AS n FROM sessions WHERE idempotency_key IS NOT NULL GROUP BY idempotency_key HAVING n > 1",
  );
  check(byKey.length === 0, "P8", () => `keys with several sessions: ${JSON.stringify(byKey)}`);
  for (const id of operator.cancelled) {
    check(
      world.checker.sessions.get(id)?.state?.status === "cancelled",
      "P1",
      () => `cancel of ${id} was acknowledged`,
    );
  }
  operator.check(db, logs, check);
  for (const agent of agents) {
    for (const [id] of agent.acknowledged) {
      if (world.plan.skewMs > 0 || world.plan.clockJump > 0 || agent.aheadMs > 0) continue;
      const rows = db.query(
        "SELECT sent_us FROM agent_log WHERE agent_id = ? ORDER BY at DESC, received_at DESC, digest DESC",
        id,
      );
      const newest = Math.max(...rows.map((row) => Number(row["sent_us"])));
      check(Number(rows[0]?.["sent_us"]) === newest, "P9", () => `${id}: an older report is its state`);
    }
    for (const [id, sent] of agent.acknowledged) {
      const stored = new Set(db.query("SELECT sent FROM agent_log WHERE agent_id = ?", id).map((row) => row["sent"]));
      for (const text of sent)
        check(stored.has(text), "P1", () => `report ${id} ${text} was acknowledged and is not stored`);
    }
    for (const { attemptId, result, taken } of agent.told) {
      const events = db
        .query("SELECT events FROM log WHERE instr(events, ?) > 0", `"attemptId":"${attemptId}"`)
        .flatMap((row) => JSON.parse(String(row["events"])) as SessionEvent[])
        .filter((event) => "attemptId" in event && event.attemptId === attemptId);
      const type = result === "completed" ? "TaskCompleted" : "AttemptEnded";
      const settled = events.some((event) => event.type === type && event.via !== undefined);
      if (taken) check(settled, "P1", () => `${result} of ${attemptId} was acknowledged and is not in the log`);
      else if (events.length > 0)
        check(
          events.some(({ type }) => type === "LateResultRecorded"),
          "P7",
          () => `${result} of ${attemptId} came late and was not kept`,
        );
    }
    for (const [id, facts] of agent.facts) {
      const newest = Math.max(...facts.map(({ signedAt }) => signedAt));
      const sent = agent.sentFacts.get(id) ?? [];
      const types = new Set(sent.filter(({ signedAt }) => signedAt === newest).map(({ type }) => type));
      const [row] = db.query(
        "SELECT a.admission, a.signed_at, s.signed_at AS heir FROM agents a LEFT JOIN agents s ON s.id = a.superseded_by WHERE a.id = ?",
        id,
      );
      check(row !== undefined, "P1", () => `registration of ${id} was acknowledged and is not stored`);
      if (row === undefined || types.size > 1) continue;
      // A fact about an id that was replaced by a newer one is older than that.
      check(
        Math.max(Number(row["signed_at"]), Number(row["heir"])) >= newest,
        "P9",
        () => `${id}: an older fact than ${newest} won`,
      );
      if (Number(row["signed_at"]) === newest && row["admission"] !== "superseded") {
        const expected = types.has("REGISTER") ? "registered" : "deregistered";
        check(row["admission"] === expected, "P9", () => `${id} is ${String(row["admission"])}, not ${expected}`);
      }
    }
  }
};
