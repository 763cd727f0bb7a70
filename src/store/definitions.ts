import { and, desc, eq, gt } from "drizzle-orm";
import type { Claim } from "../app/reply-port.ts";
import type { Store } from "../app/store-port.ts";
import { OpsError } from "../app/ops-error.ts";
import type { Reader } from "./reader.ts";
import { markStatement, whileHeld } from "./replies.ts";
import { toDefinition } from "./rows.ts";
import { workflows } from "./schema.ts";
import { statement, type Sql, type Statement } from "./sql-port.ts";

/** Saving races are decided by the insert; this many are lost only to a bug. */
const MAX_TRIES = 6;

/** The mark of a claim that is held, with the revision that is the newest now. */
const claimed = (claim: Claim, workflowId: string): readonly Statement[] => {
  const newest = "json_object('revision', (SELECT max(revision) FROM workflows WHERE workflow_id = ?))";
  const mark = markStatement(claim, { sql: newest, args: [workflowId] });
  return [{ ...mark, sql: `${mark.sql} RETURNING key` }];
};

/** Workflow definitions: immutable revisions, counted from 1. */
export const definitionStore = (
  sql: Sql,
  read: Reader,
): Pick<Store, "saveDefinition" | "readDefinition" | "listDefinitions"> => ({
  saveDefinition: async (definition, needs, claim = null) => {
    const held = whileHeld(claim);
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const { workflowId, hash, body, createdAt } = definition;
      const results = await sql.batch(
        [
          statement(
            `INSERT INTO workflows (workflow_id, revision, hash, body, needs, created_at)
              SELECT ?, coalesce((SELECT max(revision) FROM workflows WHERE workflow_id = ?), 0) + 1, ?, ?, ?, ?
              WHERE coalesce((SELECT hash FROM workflows WHERE workflow_id = ? AND revision > 0
                ORDER BY revision DESC LIMIT 1), '') <> ? AND ${held.sql} RETURNING *`,
            workflowId,
            workflowId,
            hash,
            body,
            JSON.stringify(needs),
            createdAt,
            workflowId,
            hash,
            ...held.args,
          ),
          statement(
            "SELECT * FROM workflows WHERE workflow_id = ? AND revision > 0 ORDER BY revision DESC LIMIT 1",
            workflowId,
          ),
          ...(claim === null ? [] : claimed(claim, workflowId)),
        ],
        "write",
      );
      if (claim !== null && results[2]?.rows.length === 0) break;
      const created = results[0]?.rows[0];
      const newest = created ?? results[1]?.rows[0];
      if (newest !== undefined) return { ...toDefinition(newest), created: created !== undefined };
    }
    throw new OpsError("contention", "The definition could not be saved.");
  },

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
          sql: `SELECT workflow_id, revision, hash, created_at FROM workflows w WHERE revision > 0
            AND revision = (SELECT max(x.revision) FROM workflows x WHERE x.workflow_id = w.workflow_id)
            ${place === null ? "" : "AND (created_at, workflow_id) < (?, ?)"}
            ORDER BY created_at DESC, workflow_id DESC LIMIT ?`,
          args: [...(place === null ? [] : [place.at, place.id]), limit],
        },
      ],
      "read",
    );
    return (result?.rows ?? []).map(toDefinition);
  },
});
