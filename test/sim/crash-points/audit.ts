import { attemptIdOf, taskIdOf } from "../../../src/core/ids.ts";
import { evolve } from "../../../src/core/session/evolve.ts";
import type { SessionEvent } from "../../../src/core/session/events.ts";
import type { SessionState } from "../../../src/core/session/state.ts";
import { auditChainNow } from "./audit-chain.ts";
import type { CrashDatabase } from "./database.ts";

interface Folded {
  state: SessionState | null;
  seq: number;
  /** What has ended: `task 1`, `the session`. */
  readonly ended: string[];
}

const differ = (what: string, rows: readonly string[], log: readonly string[]): readonly string[] => [
  ...rows.filter((row) => !log.includes(row)).map((row) => `P4: the log knows nothing of ${what} ${row}`),
  ...log.filter((row) => !rows.includes(row)).map((row) => `P4: there is no row for ${what} ${row}`),
];

/**
 * What does not fit together at this very moment: logs with gaps (P3), heads, agents and queues that are not what the
 * logs say (P2, P4), tasks and sessions that ended twice (P6).
 */
export const auditNow = async (database: CrashDatabase): Promise<readonly string[]> => {
  // All asked for before anything else can happen: the driver answers at once.
  const [heads, log, agents, waiting] = await Promise.all([
    database.query("SELECT id, seq, head FROM sessions"),
    database.query("SELECT stream, seq, at, events FROM log WHERE stream LIKE 'ses_%' ORDER BY stream, seq"),
    database.query("SELECT id, tasks FROM agents"),
    database.query("SELECT task_id FROM waiting_tasks"),
  ]);
  const faults: string[] = [];
  const sessions = new Map<string, Folded>();
  for (const row of log) {
    const id = String(row["stream"]);
    const session = sessions.get(id) ?? { state: null, seq: 0, ended: [] };
    sessions.set(id, session);
    session.seq += 1;
    if (row["seq"] !== session.seq) faults.push(`P3: the log of ${id} has no row ${session.seq}`);
    for (const event of JSON.parse(String(row["events"])) as SessionEvent[]) {
      try {
        session.state = evolve(session.state, event, { seq: session.seq, at: Number(row["at"]) });
      } catch (error) {
        faults.push(`P3: the log of ${id} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
      }
      if (!/^(Task|Session)(Completed|Resolved|Failed|Skipped|Cancelled)$/.test(event.type)) continue;
      const what = "n" in event ? `task ${event.n}` : "the session";
      if (session.ended.includes(what)) faults.push(`P6: ${what} of ${id} ended twice`);
      session.ended.push(what);
    }
  }
  for (const row of heads) {
    const session = sessions.get(String(row["id"]));
    const fits = session?.seq === row["seq"] && JSON.stringify(session?.state) === row["head"];
    if (!fits) faults.push(`P4: the head of ${String(row["id"])} is not its log`);
  }
  if (heads.length !== sessions.size) faults.push(`P2: ${heads.length} heads for ${sessions.size} logs`);
  const open = [...sessions.values()].flatMap(({ state }) => (state?.open ?? []).map((task) => ({ state, task })));
  const held = agents.flatMap((row) =>
    Object.keys(JSON.parse(String(row["tasks"])) as object).map((id) => `${String(row["id"])} ${id}`),
  );
  const heldByLog = open.flatMap(({ state, task }) =>
    task.phase === "dispatched" ? [`${task.agentId} ${attemptIdOf(state?.id ?? "", task.n, task.attempt)}`] : [],
  );
  const waits = open.flatMap(({ state, task }) =>
    // A session that stands still wants no agent.
    task.phase === "waiting" && state?.paused === undefined ? [taskIdOf(state?.id ?? "", task.n)] : [],
  );
  const queued = waiting.map((row) => String(row["task_id"]));
  faults.push(...(await auditChainNow(database)));
  return [...faults, ...differ("an attempt on", held, heldByLog), ...differ("the waiting task", queued, waits)];
};

/** Sessions that have not ended. */
export const stillOpen = async (database: CrashDatabase): Promise<readonly string[]> =>
  (await database.query("SELECT id FROM sessions WHERE status IN ('open', 'paused')")).map((row) => String(row["id"]));
