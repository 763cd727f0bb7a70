import { dueBounds } from "../../core/session/deadlines.ts";
import { needsOf } from "../../core/session/needs.ts";
import type { SessionState } from "../../core/session/state.ts";
import { storedStatus } from "../../core/session/view.ts";
import type { Graph } from "../../core/workflow/graph.ts";
import { waitingRows } from "../commit-decision.ts";
import type { Cell, Cells } from "../rebuild-port.ts";
import type { WaitingRow } from "../store-port.ts";
import { POSTPONE_MS } from "../sweep.ts";
import { differing, wholeRow, type Found } from "./findings.ts";
import type { FoldedSession } from "./fold-sessions.ts";

/** Clocks of workers differ by as much (ms). */
const SKEW_MS = 300_000;

/**
 * The timer that a row should have, `undefined` where the row's own is right. The log does not hold what became of a
 * delivery, so the timer has bounds: at least one, no later than the latest deadline that the log allows, and none
 * after the end. A session that could not be advanced may have been put off for a minute.
 */
export const timerOf = (due: Cell | undefined, state: SessionState, graph: Graph, now: number): Cell | undefined => {
  const bounds = dueBounds(state, graph);
  if (bounds === null) return due === null ? undefined : null;
  const { earliest, latest } = bounds;
  if (latest === null) return undefined;
  if (typeof due !== "number") return earliest;
  const postponed = latest <= now + SKEW_MS && due <= now + POSTPONE_MS + SKEW_MS;
  return due <= latest || postponed ? undefined : earliest;
};

/** A session's row as its log has it, without timer; `needs` only with its definition. */
const columnsOf = ({ end, tx }: FoldedSession, state: SessionState, graph: Graph | null): Cells => ({
  seq: end.seq,
  tx,
  status: storedStatus(state),
  hash: end.hash,
  workflow_id: state.definition.workflowId,
  revision: state.definition.revision,
  definition_hash: state.definition.hash,
  head: JSON.stringify(state),
  ...(graph === null ? {} : { needs: JSON.stringify(needsOf(state, graph)) }),
  started_at: state.startedAt,
});

/** What is wrong in a session's row, and all it takes to set it right. */
export const compareSession = (
  folded: FoldedSession,
  state: SessionState,
  graph: Graph | null,
  now: number,
): { readonly found: readonly Found[]; readonly columns: Cells } => {
  const columns = columnsOf(folded, state, graph);
  const { id, row } = folded;
  const due = graph === null ? undefined : timerOf(row?.["due_at"], state, graph, now);
  const set = due === undefined ? columns : { ...columns, due_at: due };
  if (row === null) return { found: wholeRow("sessions", id, null, set), columns: set };
  const wrong = due === undefined ? [] : differing("sessions", id, row, { due_at: due });
  return { found: [...differing("sessions", id, row, columns), ...wrong], columns: set };
};

export const waitKey = (queue: Cell | undefined, order: Cell | undefined, taskId: Cell | undefined): string =>
  `${queue} ${order} ${taskId}`;

/** What is wrong among the stored rows of a session's waiting tasks; rows too many are looked for elsewhere. */
export const compareWaits = (expected: readonly WaitingRow[], rows: readonly Cells[]): readonly Found[] => {
  const stored = new Map(rows.map((row) => [waitKey(row["queue"], row["order_key"], row["task_id"]), row]));
  return expected.flatMap((wait) => {
    const key = waitKey(wait.queue, wait.order, wait.taskId);
    const row = stored.get(key);
    const folded = { session_id: wait.sessionId, not_agents: JSON.stringify(wait.notAgents) };
    return row === undefined
      ? wholeRow("waiting_tasks", key, null, folded)
      : differing("waiting_tasks", key, row, folded);
  });
};

export const expectedWaits = (state: SessionState): readonly WaitingRow[] =>
  state.status === "open" ? waitingRows(state) : [];
