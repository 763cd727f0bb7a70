import type { LogRowAnswer, SessionEventAnswer } from "../contract/answers/session-log.ts";
import type { SessionAnswer, SessionDetailAnswer } from "../contract/answers/session.ts";
import type { TaskAnswer } from "../contract/answers/task.ts";
import { cell, flat, pairs, spanText, table, type Colour, type Paint } from "./text.ts";
import { clip } from "./width.ts";

/** The colour of a status of sessions, tasks and attempts. */
export const colourOf = (status: string): Colour => {
  switch (status) {
    case "completed":
      return "green";
    case "failed":
      return "red";
    case "running":
      return "bold";
    case "waiting":
    case "retrying":
    case "paused":
      return "yellow";
    default:
      return "dim";
  }
};

const errorOf = (error: { readonly code: string; readonly message: string } | null): string | null =>
  error === null ? null : `${error.code}: ${error.message}`;

const taskRow = (task: TaskAnswer): readonly string[] => [
  cell(task.map === null ? task.taskId : `${task.map.taskId}[${task.map.index}]`),
  task.status,
  cell(task.agentId),
  String(task.attempts.length),
  clip(cell(errorOf(task.error) ?? task.output), 100),
];

/** A session with its tasks. */
export const sessionText = (session: SessionDetailAnswer, paint: Paint): string => {
  const head = pairs({
    session: session.sessionId,
    workflow: session.revision === null ? session.workflowId : `${session.workflowId} (revision ${session.revision})`,
    status: session.status,
    reason: session.reason,
    error: errorOf(session.error),
    "waits for": session.waitingFor === null ? null : `${session.waitingFor.code} (${session.waitingFor.taskId})`,
    agent: session.agentId,
    "rerun of": session.rerunOf?.sessionId,
    started: session.startedAt,
    ended: session.endedAt,
    took: session.endedAt === null ? null : spanText(Date.parse(session.endedAt) - Date.parse(session.startedAt)),
    next: session.nextAt,
  });
  if (session.tasks.length === 0) return head;
  const rows = session.tasks.map(taskRow);
  return `${head}\n\n${table(["TASK", "STATUS", "AGENT", "ATTEMPTS", "OUTPUT"], rows, paint)}`;
};

/** The columns of a list of sessions. */
export const SESSION_COLUMNS: readonly (readonly [name: string, show: (session: SessionAnswer) => string])[] = [
  ["SESSION", (session) => session.sessionId],
  ["WORKFLOW", (session) => cell(session.workflowId)],
  ["STATUS", (session) => session.status],
  ["STARTED", (session) => session.startedAt],
  ["ENDED", (session) => cell(session.endedAt)],
  ["WHY", (session) => clip(cell(session.reason), 80)],
];

const eventText = (event: SessionEventAnswer): string => {
  const { taskId } = event as { readonly taskId?: unknown };
  return typeof taskId === "string" ? `${event.type} ${flat(taskId)}` : event.type;
};

/** A row of a log on one line. */
export const logText = (row: LogRowAnswer): string =>
  `${String(row.seq).padStart(4)}  ${row.at}  ${flat(row.cause.command)} by ${row.cause.actor.kind} ${flat(
    row.cause.actor.id,
  )}: ${row.events.map(eventText).join(", ")}`;
