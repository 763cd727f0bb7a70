import { effectOf } from "../../core/agent/effects.ts";
import { parseTaskRef } from "../../core/ids.ts";
import { SESSION_EVENTS, type SessionEvent } from "../../core/session/events.ts";
import type { AgentRepair, Cells } from "../rebuild-port.ts";
import { compareAgent } from "./compare-agent.ts";
import { tellAll, tellDamage, wholeRow, type Found, type Run } from "./findings.ts";
import { foldFleet, type Member } from "./fold-fleet.ts";
import { eventsOf } from "./read-log.ts";

const LOG_PAGE = 200;
const AGENT_PAGE = 100;
const TRIES = 5;

/** Whether an agent settled an attempt, according to the attempt's session. */
const settledBy =
  (run: Run, agentId: string) =>
  async (attemptId: string): Promise<boolean> => {
    const id = parseTaskRef(attemptId)?.sessionId;
    for (let seq = 0; id !== undefined;) {
      const [page] = await run.store.readSessions([{ id, seq }], LOG_PAGE);
      const rows = page?.log ?? [];
      for (const row of rows) {
        for (const event of eventsOf<SessionEvent>(row, SESSION_EVENTS)) {
          const effect = effectOf(event, id, row.at);
          if (effect?.kind !== "release" || !effect.settled) continue;
          if (effect.attemptId === attemptId && effect.agentId === agentId) return true;
        }
      }
      if (rows.length < LOG_PAGE) return false;
      seq = rows.at(-1)?.seq ?? seq;
    }
    return false;
  };

/** One agent, read at one moment. */
interface Seen {
  readonly id: string;
  readonly member: Member | null;
  readonly row: Cells | null;
  readonly capabilities: readonly string[];
}

const expectedCapabilities = ({ agent }: Member): readonly string[] =>
  agent.admission === "registered" ? [...new Set(agent.capabilities)] : [];

const capabilitiesFound = (id: string, expected: readonly string[], stored: readonly string[]): readonly Found[] => [
  ...expected
    .filter((one) => !stored.includes(one))
    .flatMap((one) => wholeRow("agent_capabilities", `${one} ${id}`, null, { agent_id: id })),
  ...stored
    .filter((one) => !expected.includes(one))
    .flatMap((one) => wholeRow("agent_capabilities", `${one} ${id}`, { agent_id: id }, null)),
];

type Looked = { readonly found: readonly Found[]; readonly repair: () => Promise<boolean> };

const look = async (run: Run, seen: Seen): Promise<Looked> => {
  const { id, member, row, capabilities } = seen;
  if (member === null) {
    const found = row === null ? [] : wholeRow("agents", id, { name: row["name"] ?? null }, null);
    return {
      found: [...found, ...capabilitiesFound(id, [], capabilities)],
      repair: () => run.store.removeAgent(id),
    };
  }
  const compared = await compareAgent(member, row, settledBy(run, id));
  const expected = expectedCapabilities(member);
  return {
    found: [...compared.found, ...capabilitiesFound(id, expected, capabilities)],
    repair: async () => {
      if (row === null && member.doubtful) return false;
      const repair: AgentRepair = {
        agentId: id,
        rowSeq: row === null ? null : Number(row["seq"]),
        logSeq: member.end.seq,
        columns: compared.columns,
        tasks: compared.tasks,
        contactAt: member.doubtful ? null : member.agent.contactAt,
        capabilities: expected,
      };
      return run.store.repairAgent(repair);
    },
  };
};

const isCut = (run: Run, { id, member, row }: Seen): boolean => {
  if (member === null || row === null) return false;
  if (Number(row["log_seq"]) <= member.end.seq || row["log_hash"] === member.end.hash) return false;
  const message = `the log ends with row ${member.end.seq}, and the agent had got to ${row["log_seq"]}`;
  tellDamage(run, `agent:${id}`, member.end.seq + 1, message);
  return true;
};

/** Folds the log up to a moment, and reads agents at that very moment. */
const reader = (run: Run) => {
  const fleet = new Map<string, Member>();
  let pos = 0;
  const take = async (rows: Awaited<ReturnType<typeof run.store.readLogAfter>>): Promise<boolean> => {
    await foldFleet(run, fleet, rows);
    pos = rows.at(-1)?.pos ?? pos;
    return rows.length < LOG_PAGE;
  };
  return async (after: string): Promise<{ readonly seen: readonly Seen[]; readonly next: string | null }> => {
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
};

/**
 * Compares every agent that has a row or a log with what all logs say of it. Sessions come first: what a damaged log
 * did to an agent is not known.
 */
export const checkAgents = async (run: Run): Promise<void> => {
  const read = reader(run);
  for (let after: string | null = ""; after !== null;) {
    /** What was written for each agent that is to be read again. */
    const repaired = new Map<string, readonly Found[]>();
    const first: Awaited<ReturnType<typeof read>> = await read(after);
    let { seen } = first;
    run.counts.agents += seen.length;
    run.counts.capabilities += seen.reduce((sum, { capabilities }) => sum + capabilities.length, 0);
    for (let tries = 1; ; tries += 1) {
      let again = false;
      for (const one of seen) {
        if (run.damaged.has(`agent:${one.id}`) || isCut(run, one)) continue;
        const before = repaired.get(one.id);
        if (tries > 1 && before === undefined) continue;
        const { found, repair } = await look(run, one);
        if (found.length === 0) {
          tellAll(run, before ?? [], true);
          repaired.delete(one.id);
        } else if (!run.write || tries === TRIES) {
          tellAll(run, found, false);
        } else {
          repaired.set(one.id, (await repair()) ? found : []);
          again = true;
        }
      }
      // Rows that were too much are no longer seen.
      for (const [id, found] of repaired) if (!seen.some((one) => one.id === id)) tellAll(run, found, true);
      if (!again) break;
      seen = (await read(after)).seen;
    }
    after = first.next;
  }
  const strays = await run.store.strayCapabilities(AGENT_PAGE);
  if (strays.length > 0 && run.write) await run.store.removeStrayCapabilities();
  for (const { capability, agent_id: id } of strays) {
    tellAll(run, wholeRow("agent_capabilities", `${capability} ${id}`, { agent_id: id ?? null }, null), run.write);
  }
};
