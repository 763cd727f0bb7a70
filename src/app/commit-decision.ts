import type { Agent } from "../core/agent/agent.ts";
import { effectOf } from "../core/agent/effects.ts";
import { taskIdOf } from "../core/ids.ts";
import { dueAt, orderOf } from "../core/session/deadlines.ts";
import type { Decision } from "../core/session/decide.ts";
import type { Facts } from "../core/session/facts.ts";
import { needsOf } from "../core/session/needs.ts";
import type { SessionState } from "../core/session/state.ts";
import type { AuditEntry } from "./audit-port.ts";
import { auditEntry, withAudit } from "./audit/record.ts";
import { randomHex, type Deps } from "./deps.ts";
import { logRow, type Cause } from "./log-row.ts";
import type { CommitResult, ReportRow, SessionCommit, SessionRecord, WaitingRow } from "./store-port.ts";

/** The rows of the tasks of a session that wait for an agent; a paused session wants none. */
export const waitingRows = (state: SessionState | null): readonly WaitingRow[] =>
  (state?.paused === undefined ? (state?.open ?? []) : []).flatMap((task) =>
    task.phase === "waiting"
      ? [
          {
            queue: task.queue,
            order: orderOf(task),
            taskId: taskIdOf(state?.id ?? "", task.n),
            sessionId: state?.id ?? "",
            notAgents: task.rejectedBy,
          },
        ]
      : [],
  );

const without = (rows: readonly WaitingRow[], others: readonly WaitingRow[]): readonly WaitingRow[] =>
  rows.filter((row) => !others.some((other) => other.queue === row.queue && other.taskId === row.taskId));

/**
 * What to do with the timer: a tick that it fired sets it to the next deadline; anything else, a wake-up too,
 * only makes it earlier or clears it at the end, so that a plain step does not touch its index. A void deadline
 * fires and re-arms.
 */
export const timer = (
  previous: SessionRecord | null,
  next: number | null,
  tickAt: number | null,
): number | null | undefined => {
  const current = previous?.dueAt ?? null;
  if (next === current) return previous === null ? next : undefined;
  const fired = tickAt !== null && current !== null && current <= tickAt;
  return fired || next === null || current === null || next < current ? next : undefined;
};

const childrenOf = (state: SessionState | null): readonly string[] =>
  (state?.open ?? []).flatMap((task) => (task.phase === "child" ? [task.sessionId] : []));

/** Sessions that have to look at what this one came to: children let go of, and the parent of one that has ended. */
const nudgedBy = (before: SessionState | null, after: SessionState): readonly string[] => {
  const kept = new Set(childrenOf(after));
  const left = childrenOf(before).filter((id) => !kept.has(id));
  return after.status === "open" || after.parent === undefined || (before !== null && before.status !== "open")
    ? left
    : [...left, after.parent.sessionId];
};

export interface Writing {
  readonly previous: SessionRecord | null;
  readonly decision: Decision;
  readonly facts: Facts;
  readonly now: number;
  readonly isTick: boolean;
  readonly cause: Cause;
  readonly report?: ReportRow | null;
  readonly start?: SessionCommit["start"];
}

/** What became ready before goes first: the session that has just begun to wait is woken last. */
const ownLast = (result: CommitResult, sessionId: string): CommitResult => {
  if (result.kind === "stale" || !result.wake.includes(sessionId)) return result;
  return { ...result, wake: [...result.wake.filter((id) => id !== sessionId), sessionId] };
};

/** What is recorded of an operator's word; nothing, if all it did was to be remembered under its key. */
const entryFor = ({ decision, cause, previous }: Writing, hash: string): AuditEntry | null =>
  decision.answer.kind === "done"
    ? auditEntry(cause, { kind: "session", id: decision.state.id }, previous?.hash ?? null, hash)
    : null;

/** Writes a decision as one atomic batch. `stale`: nothing was written, load and decide again. */
export const commitDecision = async (
  deps: Deps,
  writing: Writing,
): Promise<{ readonly result: CommitResult; readonly dueAt: number | null | undefined }> => {
  const { previous, decision, facts, now } = writing;
  const { state, events } = decision;
  const effects = events.flatMap((event) => effectOf(event, state.id, now) ?? []);
  const touched = [...new Set(effects.map((effect) => effect.agentId))];
  const agents = touched.flatMap((id) => {
    const [before, after] = [facts.agents.get(id), decision.agents.get(id)];
    return before === undefined || after === undefined ? [] : [{ id, seq: before.seq, after }];
  });
  const full = ({ tasks, capacity }: Agent): boolean => Object.keys(tasks).length >= capacity;
  // One look names one session, so an agent that takes several tasks looks again with each it takes.
  const freed = new Set(agents.filter(({ after }) => !full(after)).map(({ id }) => id));
  // The agent says so itself, whatever became of the task it spoke of.
  const reporter = writing.report?.meaning === "free" ? writing.report.agentId : null;
  const reporting = reporter === null ? undefined : decision.agents.get(reporter);
  if (reporter !== null && (reporting === undefined || !full(reporting))) freed.add(reporter);
  const [before, after] = [waitingRows(previous?.state ?? null), waitingRows(state)];
  // A child looks at once whether it is still waited for: whoever let go of it meanwhile found no row to tell.
  const isNewChild = previous === null && state.parent !== undefined && state.status === "open";
  const next = isNewChild ? now : dueAt(state, { ...facts, agents: decision.agents });
  const due = timer(previous, next, writing.isTick ? now : null);
  const row = { stream: state.id, seq: (previous?.seq ?? 0) + 1, at: now };
  const log = await logRow(row, writing.cause, events, previous?.hash ?? "");
  const commit: SessionCommit = {
    nonce: randomHex(deps.entropy, 12),
    previous,
    state,
    needs: needsOf(state, facts.graph),
    dueAt: due,
    dueBy: next,
    log,
    effects,
    agents,
    waitsAdded: without(after, before),
    waitsRemoved: without(before, after),
    report: writing.report ?? null,
    start: writing.start ?? null,
    freed: [...freed],
    nudged: nudgedBy(previous?.state ?? null, state),
  };
  const result = await withAudit(deps, entryFor(writing, log.hash), now, (audit) =>
    deps.store.commitSession(audit === null ? commit : { ...commit, audit }),
  );
  return { result: ownLast(result, state.id), dueAt: due };
};
