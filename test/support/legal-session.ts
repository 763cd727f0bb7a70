import type { Json } from "../../src/core/json.ts";
import type { SessionEvent } from "../../src/core/session/events.ts";
import { parseDuration } from "../../src/core/workflow/duration.ts";
import { AWAY_MS, expect, lateness, latenessAt, momentOf, type Book, type Moment } from "./legal-book.ts";
import { MAX_TASKS } from "./legal-maps.ts";
import { same } from "./naive-data.ts";

type Of<T extends SessionEvent["type"]> = Extract<SessionEvent, { type: T }>;

export const begin = (book: Book, event: Of<"SessionStarted">): void => {
  expect(book, book.row === 0 && book.count === 0 && book.sessionId === "", "a second start");
  const { timeout } = book.document;
  const ms = timeout === undefined ? null : parseDuration(timeout);
  expect(book, (event.timeoutMs ?? null) === ms, `may last ${event.timeoutMs} ms, not ${ms}`);
  book.sessionId = event.sessionId;
  book.input = event.input;
  book.depth = event.parent?.depth ?? null;
  book.deadline = ms === null ? Infinity : book.at + ms;
};

export const pause = (book: Book): void => {
  expect(book, book.pausedAt === null, "is paused twice");
  book.pausedAt ??= book.at;
};

export const resume = (book: Book): void => {
  expect(book, book.pausedAt !== null, "is resumed, but not paused");
  const began: Moment = { at: book.pausedAt ?? book.at, stood: book.stood };
  // What was due when the pause began is due now, whatever the clock of whoever resumes.
  for (const open of book.open.values()) {
    const { rest } = open;
    if (rest.kind !== "retry" || latenessAt(began, rest.since, rest.until) < 0) continue;
    open.rest = { ...rest, until: -Infinity };
  }
  book.deadline += Math.max(0, book.at - (book.pausedAt ?? book.at));
  book.stood = momentOf(book).stood;
  book.pausedAt = null;
};

export const moveDeadline = (book: Book, { until }: Of<"DeadlineMoved">): void => {
  const right = book.at > book.deadline + AWAY_MS && until > book.at && book.pausedAt === null;
  expect(book, right, "its deadline is moved, but it was not late");
  book.deadline = until;
};

const expectedUndo = ({ completedIn, graph }: Book): readonly string[] =>
  [...completedIn].flatMap(([taskId]) => graph.task(taskId)?.compensateWith ?? []);

/** Whether the session may fail now, of this. */
const expectCause = (book: Book, taskId: string | null, code: string): void => {
  const { at, deadline, pausedAt, graph, fate, chosen, doom } = book;
  if (taskId === null) {
    const right = code === "session_timeout" && at >= deadline && at <= deadline + AWAY_MS && pausedAt === null;
    return expect(book, right, `fails of ${code} before its time`);
  }
  if (code === "limit_tasks" && book.count >= MAX_TASKS) return;
  const next = graph.task(taskId)?.next;
  const unchosen = next !== undefined && fate.has(taskId) && fate.get(taskId) !== "dead" && !chosen.has(taskId);
  if (unchosen && !doom.has(taskId)) return;
  expect(book, doom.has(taskId), `fails of ${taskId}, which does not make it fail`);
  expect(book, doom.get(taskId) === code || !doom.has(taskId), `fails of ${code}, not ${doom.get(taskId)}`);
};

/** The session fails, and what it has done is undone first. */
export const undo = (book: Book, { taskId, error, tasks }: Of<"CompensationStarted">): void => {
  expect(book, book.undoing === null && book.open.size === 0, "is undone twice, or while tasks are open");
  expectCause(book, taskId, error.code);
  const undoneBy = (by: string) => book.document.tasks.find(({ compensateWith }) => compensateWith === by)?.taskId;
  const rows = tasks.map((by) => book.completedIn.get(undoneBy(by) ?? "") ?? -1);
  const isLastFirst = rows.every((one, i) => i === 0 || one <= rows[i - 1]!);
  const wanted = expectedUndo(book);
  const all = tasks.toSorted().join() === wanted.toSorted().join();
  const right = all && isLastFirst && tasks.length > 0;
  expect(book, right, `undoes ${tasks.join()}, not ${wanted.join()} from the last`);
  book.undoing = { taskId, code: error.code, left: tasks };
};

/** What a child hands on: the output of its last task, or of each by name. */
const handedOn = ({ graph, known }: Book): Json => {
  const last = graph.main.filter(
    (id) => !graph.main.some((to) => graph.before(to).some(({ taskId }) => taskId === id)),
  );
  const outputs = last.map((id) => [id, known.output(id) ?? null] as const);
  return outputs.length === 1 ? outputs[0]![1] : Object.fromEntries(outputs);
};

const complete = (book: Book, { output }: Of<"SessionCompleted">): void => {
  const { graph, fate, doom, undoing, depth } = book;
  const left = graph.main.filter((taskId) => !fate.has(taskId));
  expect(book, left.length === 0, `completes without ${left.join()}`);
  expect(book, doom.size === 0 && undoing === null, "completes, but must fail");
  const wanted = depth === null ? undefined : handedOn(book);
  expect(book, same(output, wanted), `hands on ${JSON.stringify(output)}, not ${JSON.stringify(wanted)}`);
};

const failSession = (book: Book, { taskId, error }: Of<"SessionFailed">): void => {
  const { undoing } = book;
  if (undoing === null) {
    expectCause(book, taskId, error.code);
    const wanted = expectedUndo(book);
    expect(book, wanted.length === 0, `fails without undoing ${wanted.join()}`);
    return;
  }
  expect(book, undoing.left.length === 0, `ends before ${undoing.left.join()} undid it`);
  const isSame = undoing.taskId === taskId && undoing.code === error.code;
  expect(book, isSame, `fails of ${error.code}, undone for ${undoing.code}`);
};

/** The session ends, with nothing left open. */
export const end = (book: Book, event: Of<"SessionCompleted" | "SessionFailed" | "SessionCancelled">): void => {
  if (event.type === "SessionCompleted") complete(book, event);
  if (event.type === "SessionFailed") failSession(book, event);
  book.end = event.type;
  const left = [...book.open.values()].map(({ taskId }) => taskId);
  expect(book, left.length === 0, `${event.type} with ${left.join()} open`);
};

/** What was to begin, or is over, by the end of a row. */
export const settleTimes = (book: Book, events: readonly SessionEvent[]): void => {
  if (book.pausedAt !== null) return;
  const resumed = events.some(({ type }) => type === "SessionResumed");
  for (const { taskId, rest, flight, last, map } of book.open.values()) {
    if (flight !== null || map !== null) continue;
    expect(book, rest.kind !== "idle", `${taskId} was to begin, and did not`);
    expect(book, last?.row !== book.row || !last.final, `${taskId} has nothing left to try, and did not fail`);
    // What began in this very row is looked at next time, even if it is due at once.
    if (!resumed || ("since" in rest && rest.since.at === book.at)) continue;
    const due = rest.kind === "retry" || rest.kind === "asleep" || rest.kind === "awaiting" ? rest.until : null;
    const isFixed = rest.kind === "asleep" && rest.fixed;
    const since = "since" in rest && !isFixed ? rest.since : momentOf(book);
    const late = due === null ? -1 : lateness(book, since, due);
    expect(book, late < 0, `${taskId} was due when the session was resumed, and nothing happened`);
  }
  for (const { taskId, work, rest } of book.open.values()) {
    if (rest.kind !== "awaiting") continue;
    const name = work.type === "signal" ? (book.graph.task(taskId)?.signal ?? taskId) : null;
    const missed = book.signals.some((one) => one.name === name);
    expect(book, !missed, `${taskId} waits for ${name}, which is there`);
  }
};
