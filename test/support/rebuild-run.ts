import type { Counts, Finding } from "../../src/app/rebuild/findings.ts";
import { rebuild } from "../../src/app/rebuild/rebuild.ts";
import type { RebuildStore } from "../../src/app/rebuild-port.ts";
import { createRebuildStore } from "../../src/store/rebuild-store.ts";
import type { Row } from "../../src/store/sql-port.ts";
import type { World } from "./world.ts";

const TABLES = ["sessions", "agents", "agent_capabilities", "waiting_tasks", "workflows", "log", "agent_log"];

/** One `rebuild` of a world, and what it told. */
export const run = async (
  world: World,
  write: boolean,
  more: { readonly store?: RebuildStore; readonly removeUnknown?: boolean } = {},
): Promise<{ readonly counts: Counts; readonly findings: readonly Finding[] }> => {
  const findings: Finding[] = [];
  const counts = await rebuild({
    store: createRebuildStore(world.sql),
    clock: world.clock,
    write,
    tell: (finding) => findings.push(finding),
    ...more,
  });
  return { counts, findings };
};

/** The rows of one statement, of any kind. */
export const rows = async (
  world: World,
  query: string,
  ...args: readonly (string | number | null)[]
): Promise<readonly Row[]> => {
  const [result] = await world.sql.batch([{ sql: query, args }], "write");
  return result?.rows ?? [];
};

/** All rows of all tables, without what a repair may change: the guard of an agent, and timers. */
export const dump = async (world: World): Promise<unknown> => {
  const tables: unknown[] = [];
  for (const table of TABLES) {
    const all = await rows(
      world,
      `SELECT * FROM ${table} ORDER BY 1, 2, 3`.replace(
        "agent_capabilities ORDER BY 1, 2, 3",
        "agent_capabilities ORDER BY 1, 2",
      ),
    );
    tables.push(all.map((row) => (table === "agents" ? { ...row, seq: 0 } : { ...row, due_at: 0 })));
  }
  return tables;
};

/** Each finding in a few words, in order. */
export const short = (findings: readonly Finding[]): readonly string[] =>
  findings
    .map((one) =>
      one.kind === "damage"
        ? `damage ${one.where} ${one.seq}`
        : `${one.table}.${one.column ?? (one.row === null ? "missing" : "extra")} ${one.key}`,
    )
    .toSorted();

/** Sessions by the id of their workflow, the first of each. */
export const sessionsOf = async (world: World): Promise<(workflowId: string) => string> => {
  const all = await rows(world, "SELECT id, workflow_id FROM sessions ORDER BY id");
  return (workflowId) => {
    const found = all.find((row) => row["workflow_id"] === workflowId);
    if (found === undefined) throw new Error(`no session of ${workflowId}`);
    return String(found["id"]);
  };
};
