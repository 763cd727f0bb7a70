import type { SessionCommit } from "../app/store-port.ts";
import type { AgentEffect } from "../core/agent/effects.ts";
import { EARLIEST_MICROS, NEWEST_FIRST, taskPath } from "./fragments.ts";
import type { Expression } from "./load-facts.ts";
import type { Statement } from "./sql-port.ts";

/** Reports tied to an attempt are never older than this before its dispatch (clocks differ by five minutes). */
export const SLACK_MS = 600_000;

/** Bounds the parameters of a statement and the depth of its expressions: D1 takes 100 of each. */
const CLAIMS_A_STATEMENT = 10;

type Claim = Extract<AgentEffect, { kind: "claim" }>;

/** What the effects leave of the attempts that the row holds: a merge patch in which null lets go. */
const patchOf = (effects: readonly AgentEffect[]): string => {
  const patch: Record<string, { readonly sentAt: number } | null> = {};
  for (const effect of effects) {
    if (effect.kind === "release") patch[effect.attemptId] = null;
    if (effect.kind === "claim" && effect.again) patch[effect.attemptId] = { sentAt: effect.sentAt };
  }
  return JSON.stringify(patch);
};

/** New attempts, but for those that the same commit ends. */
const claimsIn = (effects: readonly AgentEffect[]): readonly Claim[] => {
  const released = new Set(effects.flatMap((effect) => (effect.kind === "release" ? [effect.attemptId] : [])));
  return effects.filter(
    (effect): effect is Claim => effect.kind === "claim" && !effect.again && !released.has(effect.attemptId),
  );
};

/** `tasks` with attempts put in inside SQL, so that a heartbeat written meanwhile is not lost. */
const withClaims = (tasks: Expression, claims: readonly Claim[]): Expression => {
  const newest = `FROM agent_log m WHERE m.agent_id = agents.id ${NEWEST_FIRST}`;
  return claims.reduce(
    ({ sql, args }, { attemptId, sessionId, sentAt }) => ({
      sql: `json_set(${sql}, ?, json_set(?, '$.lastSentMicros', (SELECT m.sent_us ${newest}), '$.since',
        min(CAST(? AS INTEGER), coalesce((SELECT m.at ${newest}), ${EARLIEST_MICROS}))))`,
      args: [...args, taskPath(attemptId), JSON.stringify({ sessionId, sentAt }), (sentAt - SLACK_MS) * 1_000],
    }),
    tasks,
  );
};

/** The agents' rows as a commit leaves them, each raised by one. */
export const agentStatements = (commit: SessionCommit, when: Expression): readonly Statement[] => {
  return commit.agents.flatMap(({ id, after }) => {
    const effects = commit.effects.filter((effect) => effect.agentId === id);
    const claims = claimsIn(effects);
    const patched = { sql: "json_patch(tasks, ?)", args: [patchOf(effects)] };
    const tasks = withClaims(patched, claims.slice(0, CLAIMS_A_STATEMENT));
    const claimed = effects.findLast((effect) => effect.kind === "claim");
    const first: Statement = {
      sql: `UPDATE agents SET seq = seq + 1, tasks = ${tasks.sql}, settled = ?, missed_at = ?, contact_at = nullif(max(
          coalesce(contact_at, 0), ?), 0), reached_by_agentkit = ?, reports_promptly = ?${claimed ? ", claimed_at = ?" : ""}
        WHERE id = ? AND ${when.sql}`,
      args: [
        ...tasks.args,
        JSON.stringify(after.settled),
        after.missedAt,
        after.contactAt ?? 0,
        after.reachedByAgentKit ? 1 : 0,
        after.reportsPromptly === null ? null : Number(after.reportsPromptly),
        ...(claimed?.kind === "claim" ? [claimed.sentAt] : []),
        id,
        ...when.args,
      ],
    };
    const more: Statement[] = [];
    for (let at = CLAIMS_A_STATEMENT; at < claims.length; at += CLAIMS_A_STATEMENT) {
      const rest = withClaims({ sql: "tasks", args: [] }, claims.slice(at, at + CLAIMS_A_STATEMENT));
      more.push({
        sql: `UPDATE agents SET tasks = ${rest.sql} WHERE id = ? AND ${when.sql}`,
        args: [...rest.args, id, ...when.args],
      });
    }
    return [first, ...more];
  });
};
