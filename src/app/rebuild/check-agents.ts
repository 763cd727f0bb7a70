import { effectOf } from "../../core/agent/effects.ts";
import { parseTaskRef } from "../../core/ids.ts";
import { SESSION_EVENTS, type SessionEvent } from "../../core/session/events.ts";
import type { AgentRepair } from "../rebuild-port.ts";
import { compareAgent } from "./compare-agent.ts";
import { doubtfulKin, isWorkDoubtful } from "./doubt.ts";
import { tellAll, tellDamage, wholeRow, type Found, type Run } from "./findings.ts";
import type { Member } from "./fold-fleet.ts";
import { AGENT_STREAM, eventsOf } from "./read-log.ts";
import { fleetReader, type Seen } from "./read-fleet.ts";

const LOG_PAGE = 200;
const STRAYS = 100;
const TRIES = 5;

/** Whether an agent settled an attempt, according to the log of the attempt's session; not if that is damaged. */
const settledBy =
  (run: Run, agentId: string) =>
  async (attemptId: string): Promise<boolean> => {
    const id = parseTaskRef(attemptId)?.sessionId;
    for (let seq = 0; id !== undefined && !run.damaged.has(id);) {
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
  const doubtful = isWorkDoubtful(run, id, row);
  const compared = await compareAgent(member, row, doubtful, settledBy(run, id));
  const expected = expectedCapabilities(member);
  return {
    found: [...compared.found, ...capabilitiesFound(id, expected, capabilities)],
    repair: async () => {
      if (row === null && doubtful) return false;
      const repair: AgentRepair = {
        agentId: id,
        rowSeq: row === null ? null : Number(row["seq"]),
        logSeq: member.end.seq,
        columns: compared.columns,
        tasks: compared.tasks,
        contactAt: doubtful ? null : member.agent.contactAt,
        capabilities: expected,
      };
      return run.store.repairAgent(repair);
    },
  };
};

/** Whether its own stream may be trusted; if not, it is told. */
const sound = (run: Run, { id, member, row }: Seen): boolean => {
  const stream = AGENT_STREAM + id;
  if (run.damaged.has(stream)) return false;
  if (row === null) return true;
  const got = row["log_seq"];
  if (member === null) {
    if (run.removeUnknown) return true;
    // Every row was written with a log row: there was a log.
    tellDamage(run, stream, 1, `its log is missing, and the agent had got to row ${got}`);
    return false;
  }
  const { seq, hash } = member.end;
  if (Number(got) <= seq || row["log_hash"] === hash) return true;
  tellDamage(run, stream, seq + 1, `the log ends with row ${seq}, and the agent had got to ${got}`);
  return false;
};

/** Whether its row follows from streams that may be trusted, its own and those of its older and newer ids. */
const comparable = (run: Run, fleet: ReadonlyMap<string, Member>, one: Seen): boolean => {
  if (!sound(run, one)) return false;
  const kin = one.member === null ? null : doubtfulKin(run, fleet, one.id, one.row);
  if (kin === null) return true;
  const message = `it is one agent with ${kin}, whose log cannot be trusted: it was not compared`;
  tellDamage(run, AGENT_STREAM + one.id, null, message);
  return false;
};

/**
 * Compares every agent that has a row or a log with what all logs say of it. Sessions come first: what a damaged log
 * did to an agent is not known. So do the damages of all agents: one may follow from another.
 */
export const checkAgents = async (run: Run): Promise<void> => {
  const { fleet, read } = fleetReader(run);
  for (let after: string | null = ""; after !== null;) {
    const page: Awaited<ReturnType<typeof read>> = await read(after);
    for (const one of page.seen) sound(run, one);
    after = page.next;
  }
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
        if (!comparable(run, fleet, one)) continue;
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
  const strays = await run.store.strayCapabilities(STRAYS);
  if (strays.length > 0 && run.write) await run.store.removeStrayCapabilities();
  for (const { capability, agent_id: id } of strays) {
    tellAll(run, wholeRow("agent_capabilities", `${capability} ${id}`, { agent_id: id ?? null }, null), run.write);
  }
};
