import { queuesOf, type Agent } from "../../core/agent/agent.ts";
import type { Cell, Cells } from "../rebuild-port.ts";
import { differing, wholeRow, type Found } from "./findings.ts";
import type { Member } from "./fold-fleet.ts";

/** How many settled attempts a row remembers. */
const REMEMBERED = 16;

/** What the agent's own stream, and those of its older and newer ids, say of its row. */
const registrationOf = ({ agent, end, tx }: Member): Cells => ({
  tx,
  log_seq: end.seq,
  log_hash: end.hash,
  name: agent.name,
  version: agent.version,
  capabilities: JSON.stringify(agent.capabilities),
  contact_endpoint: agent.contactEndpoint,
  metadata: agent.metadata === null ? null : JSON.stringify(agent.metadata),
  admission: agent.admission,
  registered_at: agent.registeredAt,
  signed_at: agent.signedAt,
  superseded_by: agent.supersededBy,
  aliases: JSON.stringify(agent.aliases),
  queues: JSON.stringify(queuesOf(agent)),
  capacity: agent.capacity,
});

/** What sessions did to the row, where the log says it exactly. */
const workOf = ({ agent, claimedAt }: Member): Cells => ({
  claimed_at: claimedAt,
  missed_at: agent.missedAt,
  reports_promptly: agent.reportsPromptly === null ? null : Number(agent.reportsPromptly),
});

type Held = Readonly<Record<string, { readonly sessionId?: unknown; readonly sentAt?: unknown } | undefined>>;

const parsed = <T>(text: Cell | undefined, otherwise: T): T => {
  try {
    const value: unknown = JSON.parse(String(text));
    return typeof value === "object" && value !== null ? (value as T) : otherwise;
  } catch {
    return otherwise;
  }
};

/** Attempts in flight: which, of what session, and when they were last sent. What is noted of the delivery is not in the log. */
const tasksFound = (agent: Agent, row: Cells): readonly Found[] => {
  const held = parsed<Held>(row["tasks"], {});
  const ids = new Set([...Object.keys(held), ...Object.keys(agent.tasks)]);
  return [...ids].flatMap((id): readonly Found[] => {
    const [has, should] = [held[id], agent.tasks[id]];
    const same = has?.sessionId === should?.sessionId && has?.sentAt === should?.sentAt;
    if (has !== undefined && should !== undefined && same) return [];
    const short = should === undefined ? null : { sessionId: should.sessionId, sentAt: should.sentAt };
    const texts = [has, short].map((one) => (one === undefined || one === null ? null : JSON.stringify({ [id]: one })));
    return [{ table: "agents", key: agent.id, column: "tasks", row: texts[0] ?? null, folded: texts[1] ?? null }];
  });
};

/**
 * The attempts it settled last. The oldest of a full list may be an older one: the one that its newest report spoke
 * of was kept when it would have dropped out. `settledBy`: whether the log knows that the agent settled it.
 */
const settledFits = async (
  agent: Agent,
  row: Cells,
  settledBy: (attemptId: string) => Promise<boolean>,
): Promise<boolean> => {
  const text = row["settled"];
  if (text === JSON.stringify(agent.settled)) return true;
  const list = parsed<readonly unknown[]>(text, []);
  const [oldest] = list;
  const tail = JSON.stringify(list.slice(1)) === JSON.stringify(agent.settled.slice(1));
  return agent.settled.length === REMEMBERED && tail && typeof oldest === "string" && (await settledBy(oldest));
};

/** As the row should have it: with the attempt that its newest report speaks of, or that report would count again. */
const settledOf = async (
  agent: Agent,
  row: Cells | null,
  settledBy: (attemptId: string) => Promise<boolean>,
): Promise<string> => {
  const tied = row?.["r_attempt"];
  const kept = typeof tied !== "string" || agent.settled.length < REMEMBERED || agent.settled.includes(tied);
  return JSON.stringify(kept || !(await settledBy(tied)) ? agent.settled : [tied, ...agent.settled.slice(1)]);
};

export interface ComparedAgent {
  readonly found: readonly Found[];
  readonly columns: Cells;
  /** Merge patch for `tasks`: what to add or correct, null for what it does not hold. */
  readonly tasks: Readonly<Record<string, { readonly sessionId: string; readonly sentAt: number } | null>>;
}

/**
 * What is wrong in an agent's row (`row` null: it has none), and all it takes to set it right. `doubtful`: what
 * sessions did to it is not known, so only its registration is compared.
 */
export const compareAgent = async (
  member: Member,
  row: Cells | null,
  doubtful: boolean,
  settledBy: (attemptId: string) => Promise<boolean>,
): Promise<ComparedAgent> => {
  const { agent } = member;
  const registration = registrationOf(member);
  const work = workOf(member);
  const reached = agent.reachedByAgentKit || member.reachedLate;
  const held = Object.keys(parsed<Held>(row?.["tasks"], {}));
  const tasks = {
    ...Object.fromEntries(held.map((id) => [id, null])),
    ...Object.fromEntries(
      Object.entries(agent.tasks).map(([id, { sessionId, sentAt }]) => [id, { sessionId, sentAt }]),
    ),
  };
  if (doubtful && row !== null) {
    return { found: differing("agents", agent.id, row, registration), columns: registration, tasks: {} };
  }
  const exact = { ...registration, ...work };
  if (row === null) {
    const settled = await settledOf(agent, null, settledBy);
    const columns = { ...exact, settled, reached_by_agentkit: Number(reached) };
    return { found: wholeRow("agents", agent.id, null, columns), columns, tasks };
  }
  const found = [...differing("agents", agent.id, row, exact), ...tasksFound(agent, row)];
  const columns: Record<string, Cell> = { ...exact };
  const amend = (column: string, folded: Cell): void => {
    found.push({ table: "agents", key: agent.id, column, row: row[column] ?? null, folded });
  };
  if (!(await settledFits(agent, row, settledBy))) {
    columns["settled"] = await settledOf(agent, row, settledBy);
    amend("settled", columns["settled"]);
  }
  const possible = [Number(agent.reachedByAgentKit), Number(reached)];
  if (!possible.includes(Number(row["reached_by_agentkit"]))) {
    columns["reached_by_agentkit"] = Number(reached);
    amend("reached_by_agentkit", Number(reached));
  }
  if (agent.contactAt !== null && Number(row["contact_at"] ?? 0) < agent.contactAt)
    amend("contact_at", agent.contactAt);
  return { found, columns, tasks };
};
