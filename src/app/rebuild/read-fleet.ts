import type { Cells } from "../rebuild-port.ts";
import type { Run } from "./findings.ts";
import { foldFleet, type Member } from "./fold-fleet.ts";

const LOG_PAGE = 200;
const AGENT_PAGE = 100;

/** One agent, read at one moment. */
export interface Seen {
  readonly id: string;
  readonly member: Member | null;
  readonly row: Cells | null;
  readonly capabilities: readonly string[];
}

/** The fleet, and what reads its agents after an id: the log is folded up to a moment, and the rows are of that very moment. */
export const fleetReader = (
  run: Run,
): {
  readonly fleet: ReadonlyMap<string, Member>;
  readonly read: (after: string) => Promise<{ readonly seen: readonly Seen[]; readonly next: string | null }>;
} => {
  const fleet = new Map<string, Member>();
  let pos = 0;
  const take = async (rows: Awaited<ReturnType<typeof run.store.readLogAfter>>): Promise<boolean> => {
    await foldFleet(run, fleet, rows);
    pos = rows.at(-1)?.pos ?? pos;
    return rows.length < LOG_PAGE;
  };
  const read = async (after: string): Promise<{ readonly seen: readonly Seen[]; readonly next: string | null }> => {
    while (!(await take(await run.store.readLogAfter(pos, LOG_PAGE))));
    for (;;) {
      const besides = [...fleet.keys()]
        .filter((id) => id > after)
        .toSorted()
        .slice(0, AGENT_PAGE);
      const page = await run.store.readAgents(pos, LOG_PAGE, { after, limit: AGENT_PAGE, besides });
      if (!(await take(page.log))) continue;
      const ends = [page.agents.map((row) => String(row["id"])), besides].flatMap((ids) =>
        ids.length < AGENT_PAGE ? [] : [ids.at(-1) ?? after],
      );
      const next = ends.toSorted()[0] ?? null;
      const rows = new Map(page.agents.map((row) => [String(row["id"]), row]));
      const ids = [...new Set([...rows.keys(), ...besides])].filter((id) => next === null || id <= next);
      const seen = ids.toSorted().map((id): Seen => ({
        id,
        member: fleet.get(id) ?? null,
        row: rows.get(id) ?? null,
        capabilities: page.capabilities.filter(({ agentId }) => agentId === id).map(({ capability }) => capability),
      }));
      return { seen, next };
    }
  };
  return { fleet, read };
};
