import type { Attempt, SessionDetail, Task } from "./api-client.ts";

export type Colour = "red" | "green" | "yellow" | "dim" | "bold";
export type Paint = (colour: Colour, text: string) => string;

const codes: Readonly<Record<Colour, number>> = { red: 31, green: 32, yellow: 33, dim: 2, bold: 1 };

export const createPaint =
  (enabled: boolean): Paint =>
  (colour, text) =>
    enabled ? `\u001b[${codes[colour]}m${text}\u001b[0m` : text;

export interface ProgressOptions {
  /** The workflow's tasks in their order. */
  readonly taskIds: readonly string[];
  readonly nameOf: (agentId: string) => string;
  /** Names that will be shown, for the width of their column. */
  readonly names: readonly string[];
  readonly paint: Paint;
}

/** `at` in epoch ms. */
export interface ProgressLine {
  readonly at: number;
  readonly text: string;
}

export interface Progress {
  readonly header: string;
  /** What happened since the last call, a line each, oldest first. `now` in epoch ms. */
  lines(session: SessionDetail, now: number): readonly ProgressLine[];
}

type Stage = "unseen" | "noticed" | "sent" | "working" | "ended";

const clock = (when: number): string => new Date(when).toTimeString().slice(0, 8);

/** `1.2 s`, from milliseconds. */
export const seconds = (ms: number): string => `${(Math.max(0, ms) / 1_000).toFixed(1)} s`;

const retryKey = ({ taskId }: Task, attempts: number): string => `${taskId} retry after ${attempts}`;

const widest = (texts: readonly string[]): number => Math.max(...texts.map((text) => text.length));

/** Turns what the API says about a session, asked again and again, into lines of what has changed. */
export const createProgress = ({ taskIds, nameOf, names, paint }: ProgressOptions): Progress => {
  const labels = taskIds.map((id, at) => `${at + 1}/${taskIds.length} ${id}`);
  const labelWidth = widest(labels);
  const nameWidth = widest([...names, "agent"]);
  const stages = new Map<string, Stage>();
  const said = new Set<string>();

  const row = (time: string, label: string, attempt: string, agent: string, via: string, what: string): string =>
    `  ${time.padEnd(8)}  ${label.padEnd(labelWidth)}  ${attempt.padEnd(7)}  ${agent.padEnd(nameWidth)}  ` +
    `${via.padEnd(8)}  ${what}`;

  const rowOf = (when: string | number, task: Task, attempt: Attempt | null, what: string): ProgressLine => {
    const at = typeof when === "number" ? when : Date.parse(when);
    const text = row(
      clock(at),
      labels[taskIds.indexOf(task.taskId)] ?? task.taskId,
      attempt === null ? "" : String(attempt.attempt),
      attempt === null ? "" : nameOf(attempt.agentId),
      attempt === null ? "" : (attempt.transport ?? "..."),
      what,
    );
    return { at, text };
  };

  const once = (key: string): boolean => !said.has(key) && said.add(key) !== undefined;

  const ending = ({ status, error, counts, dispatchedAt, endedAt }: Attempt): string => {
    if (status === "completed")
      return paint(
        "green",
        `completed after ${seconds(Date.parse(endedAt ?? dispatchedAt) - Date.parse(dispatchedAt))}`,
      );
    const words = status.replaceAll("_", " ");
    const message = error === null ? "" : `: ${error.message}`;
    return paint("red", `${words}${message}${counts ? "" : " (does not count)"}`);
  };

  const attemptLines = (task: Task, attempt: Attempt): readonly ProgressLine[] => {
    const lines: ProgressLine[] = [];
    const stage = stages.get(attempt.id) ?? "unseen";
    if (stage === "ended") return lines;
    const isOver = attempt.endedAt !== null;
    // Which way it went is known a moment after it was sent; an agent that holds the request delays that.
    if (stage === "unseen" && attempt.transport === null && !isOver) {
      stages.set(attempt.id, "noticed");
      return lines;
    }
    const isNew = stage === "unseen" || stage === "noticed";
    const saysSo = attempt.startedAt !== null && !isOver;
    if (isNew && !saysSo)
      lines.push(rowOf(attempt.dispatchedAt, task, attempt, paint("dim", isOver ? "sent" : "sent, no word yet")));
    if (saysSo && stage !== "working")
      lines.push(
        rowOf(attempt.startedAt ?? 0, task, attempt, paint("dim", `${isNew ? "sent, " : ""}the agent works on it`)),
      );
    if (isOver) lines.push(rowOf(attempt.endedAt, task, attempt, ending(attempt)));
    stages.set(attempt.id, isOver ? "ended" : saysSo ? "working" : "sent");
    return lines;
  };

  /** The wait between an attempt and the one before it, if it was over before anybody asked. */
  const missedWait = (task: Task, index: number): readonly ProgressLine[] => {
    const [before, after] = [task.attempts[index - 1], task.attempts[index]];
    if (before?.endedAt == null || after === undefined || !before.counts) return [];
    if (!once(retryKey(task, index))) return [];
    const waited = seconds(Date.parse(after.dispatchedAt) - Date.parse(before.endedAt));
    return [rowOf(before.endedAt, task, null, paint("yellow", `waited before it was tried again: ${waited}`))];
  };

  const waitLines = (session: SessionDetail, task: Task, now: number): readonly ProgressLine[] => {
    const { waitingFor } = session;
    if (waitingFor === null || waitingFor.taskId !== task.taskId) return [];
    if (task.status === "retrying" && once(retryKey(task, task.attempts.length))) {
      const inMs = waitingFor.until === null ? 0 : Date.parse(waitingFor.until) - now;
      return [rowOf(now, task, null, paint("yellow", `waits before it is tried again: ${seconds(inMs)}`))];
    }
    if (task.status !== "waiting" || !once(`${task.taskId} ${task.attempts.length} ${waitingFor.code}`)) return [];
    return [rowOf(now, task, null, paint("yellow", waitingFor.message.replace(/^"[^"]*" /, "")))];
  };

  return {
    header: paint("dim", row("time", "step", "attempt", "agent", "via", "what happens")),
    lines: (session, now) =>
      session.tasks.flatMap((task) => [
        ...task.attempts.flatMap((attempt, index) => [...missedWait(task, index), ...attemptLines(task, attempt)]),
        ...waitLines(session, task, now),
      ]),
  };
};
