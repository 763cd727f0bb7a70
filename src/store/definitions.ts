import { SINGLE_TASK } from "../core/workflow/reserved-ids.ts";
import { and, desc, eq, gt } from "drizzle-orm";
import { OpsError } from "../app/ops-error.ts";
import type { AuditCommit } from "../app/audit-port.ts";
import type { Claim } from "../app/reply-port.ts";
import type { Store, UnsavedDefinition } from "../app/store-port.ts";
import type { Needs } from "../core/session/needs.ts";
import { auditStatements, claimed } from "./audit.ts";
import type { Expression } from "./load-facts.ts";
import type { Reader } from "./reader.ts";
import { markStatement, whileHeld } from "./replies.ts";
import { toDefinition } from "./rows.ts";
import { workflows } from "./schema.ts";
import { statement, type Sql, type Statement } from "./sql-port.ts";

/** Saving races are decided by the insert; this many are lost only to a bug. */
const MAX_TRIES = 6;

const NEWEST = "WHERE workflow_id = ? AND revision > 0 ORDER BY revision DESC LIMIT 1";

const newestIs = ({ workflowId }: UnsavedDefinition, hash: string | null): Expression => ({
  sql: `(SELECT hash FROM workflows ${NEWEST}) IS ?`,
  args: [workflowId, hash],
});

const both = (one: Expression, other: Expression): Expression => ({
  sql: `${one.sql} AND ${other.sql}`,
  args: [...one.args, ...other.args],
});

const insertStatement = (definition: UnsavedDefinition, needs: Needs, when: Expression): Statement => {
  const { workflowId, hash, body, createdAt } = definition;
  return statement(
    `INSERT INTO workflows (workflow_id, revision, hash, body, needs, created_at)
      SELECT ?, coalesce((SELECT max(revision) FROM workflows WHERE workflow_id = ?), 0) + 1, ?, ?, ?, ?
      WHERE coalesce((SELECT hash FROM workflows ${NEWEST}), '') <> ? AND ${when.sql} RETURNING *`,
    ...[workflowId, workflowId, hash, body, JSON.stringify(needs), createdAt, workflowId, hash, ...when.args],
  );
};

/** The mark of a claim that is held, with the revision that is the newest now: the one that was asked for. */
const markOf = (claim: Claim | null, definition: UnsavedDefinition): readonly Statement[] => {
  if (claim === null) return [];
  const newest = "json_object('revision', (SELECT max(revision) FROM workflows WHERE workflow_id = ?))";
  const effect = { sql: newest, args: [definition.workflowId] };
  const mark = markStatement(claim, effect, newestIs(definition, definition.hash));
  return [{ ...mark, sql: `${mark.sql} RETURNING key` }];
};

/** Workflow definitions: immutable revisions, counted from 1. */
export const definitionStore = (
  sql: Sql,
  read: Reader,
): Pick<Store, "saveDefinition" | "readDefinition" | "listDefinitions"> => ({
  saveDefinition: (async (
    definition: UnsavedDefinition,
    needs: Needs,
    claim: Claim | null = null,
    audit: AuditCommit | null = null,
  ) => {
    const held = whileHeld(claim);
    // The audit row goes first, on the condition that what it says was there before is the newest.
    const audited = auditStatements(audit, both(newestIs(definition, audit?.entry.before ?? null), held));
    const when = audit === null ? held : both(held, claimed(audit));
    const statements = [
      ...audited,
      insertStatement(definition, needs, when),
      statement(`SELECT * FROM workflows ${NEWEST}`, definition.workflowId),
      ...markOf(claim, definition),
    ];
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const [inserted, found, marked] = (await sql.batch(statements, "write")).slice(audited.length);
      const created = inserted?.rows[0];
      const newest = created ?? found?.rows[0];
      if (audit !== null && newest?.["hash"] !== definition.hash) return null;
      if (claim !== null && marked?.rows.length === 0) break;
      if (newest !== undefined) return { ...toDefinition(newest), created: created !== undefined };
    }
    throw new OpsError("contention", "The definition could not be saved.");
  }) as Store["saveDefinition"],

  readDefinition: async (workflowId, revision) => {
    const [row] = await read
      .select()
      .from(workflows)
      .where(
        and(
          eq(workflows.workflowId, workflowId),
          revision === null ? gt(workflows.revision, 0) : eq(workflows.revision, revision),
          gt(workflows.revision, 0),
        ),
      )
      .orderBy(desc(workflows.revision))
      .limit(1);
    return row ?? null;
  },

  listDefinitions: async ({ after, limit }) => {
    const place =
      after === null
        ? null
        : { at: Number(after.slice(0, after.indexOf("."))), id: after.slice(after.indexOf(".") + 1) };
    const [result] = await sql.batch(
      [
        {
          sql: `SELECT workflow_id, revision, hash, created_at FROM workflows w WHERE revision > 0 AND workflow_id <> ?
            AND revision = (SELECT max(x.revision) FROM workflows x WHERE x.workflow_id = w.workflow_id)
            ${place === null ? "" : "AND (created_at, workflow_id) < (?, ?)"}
            ORDER BY created_at DESC, workflow_id DESC LIMIT ?`,
          args: [SINGLE_TASK, ...(place === null ? [] : [place.at, place.id]), limit],
        },
      ],
      "read",
    );
    return (result?.rows ?? []).map(toDefinition);
  },
});
