import type { AuditRecord } from "../../src/app/audit-port.ts";
import { chainHash } from "../../src/app/log-row.ts";
import { rows } from "./rebuild-run.ts";
import type { World } from "./world.ts";

/** What an audit row costs: the head of the chain, and the row of the log with its place in the index. */
export const AUDIT_ROWS = 3;

/** An audit row without what is drawn anew each time. */
export type Told = Pick<AuditRecord, "action" | "actor" | "target" | "before" | "after" | "requestId">;

/** All audit rows, oldest first, read from the table itself; throws where they are not one chain that ends in its head. */
export const auditRows = async (world: World): Promise<readonly Told[]> => {
  const stored = await rows(world, "SELECT * FROM log WHERE stream = 'audit' ORDER BY seq");
  const [head] = await rows(world, "SELECT seq, hash FROM chain_heads WHERE stream = 'audit'");
  const told: Told[] = [];
  let end = { seq: 0, hash: "" };
  for (const row of stored) {
    const [cause, events] = [String(row["cause"]), String(row["events"])];
    const [seq, at, v] = [Number(row["seq"]), Number(row["at"]), Number(row["v"])];
    const hash = await chainHash(end.hash, { stream: "audit", seq, at, v, cause, events });
    if (seq !== end.seq + 1 || hash !== row["hash"]) throw new Error(`audit row ${seq} does not follow ${end.seq}`);
    end = { seq, hash };
    const { command, ...who } = JSON.parse(cause) as {
      command: Told["action"];
      actor: Told["actor"];
      requestId: string;
    };
    const [{ type: _, ...what }] = JSON.parse(events) as [{ type: string } & Pick<Told, "target" | "before" | "after">];
    told.push({ action: command, ...who, ...what });
  }
  if ((head?.["seq"] ?? 0) !== end.seq || (head?.["hash"] ?? "") !== end.hash)
    throw new Error("the head is not the end");
  return told;
};
