import { parseTaskRef } from "../../core/ids.ts";
import type { Cells, WaitingKey } from "../rebuild-port.ts";
import { compareSession, compareWaits, expectedWaits, waitKey } from "./compare-session.ts";
import type { Graphs } from "./definitions.ts";
import { doubtAgentsIn } from "./doubt.ts";
import { tellAll, tellDamage, wholeRow, type Found, type Run } from "./findings.ts";
import { foldSessions, type FoldedSession } from "./fold-sessions.ts";

/** Sessions, and waiting rows, that are looked at in one batch. */
const PAGE = 20;

/** A session that moves on while it is compared is read anew this often. */
const TRIES = 5;

const faultOf = (run: Run, { end, fault, row }: FoldedSession): FoldedSession["fault"] => {
  if (fault !== null || row === null) return fault;
  // Every row was written with the log row that it is the fold of: there was a log.
  if (end.seq === 0 && !run.removeUnknown)
    return { seq: 1, message: `its log is missing, and the session had got to row ${row["seq"]}` };
  if (end.seq === 0 || Number(row["seq"]) <= end.seq || row["hash"] === end.hash) return null;
  return { seq: end.seq + 1, message: `the log ends with row ${end.seq}, and the session had got to ${row["seq"]}` };
};

/** Whether the log of a session may be trusted; if not, it is told. */
const sound = (run: Run, folded: FoldedSession): boolean => {
  const fault = faultOf(run, folded);
  if (fault === null) return true;
  tellDamage(run, folded.id, fault.seq, fault.message);
  // What is gone from the log may have named an agent that the row still names.
  doubtAgentsIn(run, folded.row?.["head"]);
  return false;
};

/** `repair` null: without its definition a missing row cannot be made. */
type Looked = { readonly found: readonly Found[]; readonly repair: (() => Promise<boolean>) | null } | "moved";

const look = async (run: Run, graphs: Graphs, folded: FoldedSession): Promise<Looked> => {
  const { id, state, end, row } = folded;
  if (state === null) {
    return {
      found:
        row === null ? [] : wholeRow("sessions", id, { status: row["status"] ?? null, seq: row["seq"] ?? null }, null),
      repair: () => run.store.removeSession(id),
    };
  }
  const graph = await graphs(state.definition);
  const { found, columns } = compareSession(folded, state, graph, run.clock.now());
  const waits = expectedWaits(state);
  const stored = waits.length === 0 ? { logSeq: end.seq, rows: [] } : await run.store.readWaits(id, waits);
  if (stored.logSeq !== end.seq) return "moved";
  const rowSeq = row === null ? null : Number(row["seq"]);
  return {
    found: [...found, ...compareWaits(waits, stored.rows)],
    repair:
      row === null && graph === null
        ? null
        : () => run.store.repairSession({ sessionId: id, rowSeq, logSeq: end.seq, columns, waits }),
  };
};

/** Compares one session with its log, and repairs it until it is found equal. */
const checkSession = async (run: Run, graphs: Graphs, first: FoldedSession): Promise<void> => {
  let folded: FoldedSession | undefined = first;
  let repaired: readonly Found[] = [];
  for (let tries = 0; tries < TRIES && folded !== undefined; tries += 1) {
    if (!sound(run, folded)) return;
    const looked = await look(run, graphs, folded);
    if (looked !== "moved") {
      if (looked.found.length === 0) return tellAll(run, repaired, true);
      const hopeless = !run.write || looked.repair === null || repaired.length > 0;
      if (hopeless) return tellAll(run, looked.found, false);
      if (await looked.repair?.()) repaired = looked.found;
    }
    [folded] = await foldSessions(run.store, [first.id]);
  }
  run.counts.moving += 1;
};

/** Compares every session that has a row or a log. */
export const checkSessions = async (run: Run, graphs: Graphs): Promise<void> => {
  let after = "";
  for (;;) {
    const ids = await run.store.sessionIds(after, PAGE);
    for (const folded of await foldSessions(run.store, ids)) {
      run.counts.sessions += 1;
      await checkSession(run, graphs, folded);
    }
    after = ids.at(-1) ?? after;
    if (ids.length < PAGE) return;
  }
};

/** Looks for waiting rows that no session's log accounts for. */
export const checkWaits = async (run: Run): Promise<void> => {
  let after: WaitingKey | null = null;
  for (;;) {
    const rows: readonly Cells[] = await run.store.listWaits(after, PAGE);
    const page = rows.map((row) => {
      const key: WaitingKey = {
        queue: String(row["queue"]),
        order: Number(row["order_key"]),
        taskId: String(row["task_id"]),
      };
      return { row, key, sessionId: parseTaskRef(key.taskId)?.sessionId ?? String(row["session_id"]) };
    });
    const folded = await foldSessions(run.store, [...new Set(page.map(({ sessionId }) => sessionId))]);
    const byId = new Map(folded.map((session) => [session.id, session]));
    for (const { row, key, sessionId } of page) {
      run.counts.waitingTasks += 1;
      const session = byId.get(sessionId);
      if (session === undefined || session.fault !== null || run.damaged.has(sessionId)) continue;
      const expected = session.state === null ? [] : expectedWaits(session.state);
      const text = waitKey(key.queue, key.order, key.taskId);
      if (expected.some((wait) => waitKey(wait.queue, wait.order, wait.taskId) === text)) continue;
      // The page may be older than the fold: is the row still there, and the log no longer?
      const now = await run.store.readWaits(sessionId, [key]);
      if (now.rows.length === 0 || now.logSeq !== session.end.seq) continue;
      const removed = run.write && (await run.store.removeWait(sessionId, session.end.seq, key));
      tellAll(run, wholeRow("waiting_tasks", text, row, null), removed);
    }
    after = page.at(-1)?.key ?? null;
    if (rows.length < PAGE) return;
  }
};
