import type { SessionDetailAnswer } from "../contract/answers/session.ts";
import type { Out } from "./io.ts";
import { colourOf } from "./session-text.ts";
import { cell, flat, spanText, type Paint } from "./text.ts";
import { clip, padTo, widthOf } from "./width.ts";

/** Shows how a session goes on: told of it at first and whenever it has changed. */
export interface Progress {
  show(session: SessionDetailAnswer): void;
  /** Nothing more comes: what is on the screen stays. */
  end(): void;
}

type Task = SessionDetailAnswer["tasks"][number];

const MARKS: Readonly<Record<string, string>> = {
  completed: "✓",
  failed: "✗",
  cancelled: "–",
  skipped: "–",
  running: "▶",
};

const labelOf = (task: Task): string => cell(task.map === null ? task.taskId : `${task.map.taskId}[${task.map.index}]`);

/** What is to be said of a task besides its status. */
const noteOf = (task: Task): string => {
  const attempt = task.attempts.at(-1);
  const tries = task.attempts.length > 1 ? `attempt ${task.attempts.length}` : "";
  const agent = task.status === "running" && task.agentId !== null ? `on ${flat(task.agentId)}` : "";
  const progress = attempt?.progress === null || attempt === undefined ? "" : cell(attempt.progress);
  const error = task.error === null ? "" : `${task.error.code}: ${flat(task.error.message)}`;
  return [agent, tries, progress, error].filter((part) => part !== "").join(", ");
};

const headOf = ({ sessionId, workflowId, status, waitingFor }: SessionDetailAnswer): string => {
  const why = waitingFor === null || status === "running" ? "" : `: ${flat(waitingFor.message)}`;
  return `${sessionId}  ${flat(workflowId)}  ${status}${why}`;
};

/** Where nobody looks on, or the output is kept: a line for each change. */
const lines = (write: (line: string) => void): Progress => {
  const seen = new Map<string, string>();
  let head = "";
  return {
    show: (session) => {
      const next = headOf(session);
      if (next !== head) write(next);
      head = next;
      for (const task of session.tasks) {
        const text = `  ${labelOf(task)}: ${[task.status, noteOf(task)].filter((part) => part !== "").join(", ")}`;
        if (seen.get(task.id) !== text) write(text);
        seen.set(task.id, text);
      }
    },
    end: () => undefined,
  };
};

/** So many tasks are drawn, if there is room: the last ones, and those that are open are among them. */
const MOST = 20;
/** An id may be as long as the line is. */
const LABEL = 40;

const UP = (rows: number): string => (rows === 0 ? "" : `\u001b[${rows}A`);
const CLEAR_LINE = "\u001b[2K";
const CLEAR_BELOW = "\u001b[J";

/** On a terminal: one block that is drawn anew. */
const drawing = (out: Out, paint: Paint): Progress => {
  let drawn = 0;
  return {
    show: (session) => {
      // What has left the screen at the top is not drawn anew: the head and two lines more are kept free.
      const tasks = session.tasks.slice(-Math.max(1, Math.min(MOST, out.rows - 3)));
      const left = session.tasks.length - tasks.length;
      const width = Math.max(0, ...tasks.map((task) => widthOf(clip(labelOf(task), LABEL))));
      const took = Date.parse(session.endedAt ?? session.updatedAt) - Date.parse(session.startedAt);
      const rows = [
        paint(colourOf(session.status), clip(`${headOf(session)}  ${spanText(took)}`, out.columns - 1)),
        ...(left > 0 ? [paint("dim", `  … ${left} earlier tasks`)] : []),
        ...tasks.map((task) => {
          const text = `  ${MARKS[task.status] ?? "·"} ${padTo(clip(labelOf(task), LABEL), width)}  ${task.status}  ${noteOf(task)}`;
          return paint(colourOf(task.status), clip(text.trimEnd(), out.columns - 1));
        }),
      ];
      out.write(`${UP(drawn)}${rows.map((row) => `${CLEAR_LINE}${row}\n`).join("")}${CLEAR_BELOW}`);
      drawn = rows.length;
    },
    end: () => {
      drawn = 0;
    },
  };
};

/** Draws on a terminal, and prints lines elsewhere. */
export const createProgress = (out: Out, paint: Paint): Progress =>
  out.isTty ? drawing(out, paint) : lines((line) => out.write(`${line}\n`));
