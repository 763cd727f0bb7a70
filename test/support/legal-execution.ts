import type { Json } from "../../src/core/json.ts";
import type { SessionEvent } from "../../src/core/session/events.ts";
import type { AuthoredDefinition } from "../../src/core/workflow/normalise.ts";
import { expect, openBook, openOf, type Book, type Fate, type TaskEvent } from "./legal-book.ts";
import { expectFailure, insteadOf } from "./legal-failure.ts";
import { closeMap, completeMap, endItem, settleMaps } from "./legal-maps.ts";
import * as order from "./legal-order.ts";
import * as rerun from "./legal-rerun.ts";
import * as session from "./legal-session.ts";
import * as waits from "./legal-waits.ts";
import * as work from "./legal-work.ts";

/** One commit of a session's log. */
export interface Row {
  readonly at: number;
  readonly events: readonly SessionEvent[];
}

type Of<T extends SessionEvent["type"]> = Extract<SessionEvent, { type: T }>;

/** A task or an item has ended. `failure`: the code of what nothing was written for. */
const close = (
  book: Book,
  event: TaskEvent,
  how: Fate,
  { output = null, failure = null }: { readonly output?: Json; readonly failure?: string | null } = {},
): void => {
  const open = openOf(book, event);
  if (open === null) return;
  const isHeld = open.flight?.kind === "agent";
  expect(book, !isHeld, `${event.type} of ${event.taskId} with an attempt in flight`);
  if (how !== "cancelled") closeMap(book, open);
  book.open.delete(event.n);
  if (open.item !== null) return endItem(book, open, how, output, failure);
  book.fate.set(event.taskId, how);
  if (how !== "completed") return;
  book.outputs.set(event.taskId, output);
  book.completedIn.set(event.taskId, book.row);
};

const resolved = (book: Book, event: Of<"TaskResolved">): void => {
  const open = openOf(book, event);
  if (open === null) return;
  const { by, output } = event;
  if (by === "call" || by === "child") work.complete(book, event, by);
  else if (by === "map") completeMap(book, open, output);
  else expect(book, open.flight === null || by === "operator", `${event.taskId} is done by ${by} while it is called`);
  waits.resolve(book, open, event);
  close(book, event, "completed", { output });
};

const failed = (book: Book, event: Of<"TaskFailed">): void => {
  const open = openOf(book, event);
  if (open === null) return;
  const { taskId, instead, error } = event;
  const expected = insteadOf(book, open);
  expect(book, instead === expected, `${taskId} fails and then ${instead}, not ${expected}`);
  expectFailure(book, open, event);
  close(book, event, "failed", { failure: expected === undefined ? error.code : null });
  if (open.item !== null) return;
  if (expected === "fallback") book.awaiting.add(taskId);
  else order.failedForGood(book, taskId, error.code);
  book.failedOf.set(taskId, error.code);
};

const skipped = (book: Book, event: Of<"TaskSkipped">): void => {
  const byHand = event.reason === "operator" && event.actor !== undefined && book.open.has(event.n);
  if (byHand) close(book, event, "skipped");
  else order.skip(book, event);
};

const cancelled = (book: Book, event: Of<"TaskCancelled">): void => {
  // A task of the definition is cancelled with its session, an item with its map too.
  if (book.open.get(event.n)?.item === null) book.cut.add(0);
  close(book, event, "cancelled");
};

const step = (book: Book, event: SessionEvent): void => {
  if (book.end !== null) expect(book, event.type === "LateResultRecorded", `${event.type} after ${book.end}`);
  else if (book.sessionId === "") expect(book, event.type === "SessionStarted", `${event.type} before the start`);
  switch (event.type) {
    case "SessionStarted":
      session.begin(book, event);
      return rerun.begin(book, event);
    case "TaskEntered":
      return order.enter(book, event);
    case "TaskSkipped":
      return skipped(book, event);
    case "TaskWaited":
      return work.queue(book, event);
    case "DispatchRequested":
    case "CallRequested":
    case "ChildRequested":
      return work.begin(book, event);
    case "AttemptEnded":
      return work.endAttempt(book, event);
    case "CallFailed":
      return work.failCall(book, event);
    case "TaskHurried":
      return work.hurry(book, event);
    case "TaskCompleted":
      work.complete(book, event, "agent");
      return close(book, event, "completed", { output: event.output });
    case "TaskResolved":
      return resolved(book, event);
    case "TaskFailed":
      return failed(book, event);
    case "TaskCancelled":
      return cancelled(book, event);
    case "TaskSlept":
      return waits.sleep(book, event);
    case "TaskAwaited":
      return waits.awaitWord(book, event);
    case "SignalReceived":
      return waits.receive(book, event);
    case "FallbackEnded":
      return order.endFallback(book, event);
    case "ChoiceMade":
      return order.choose(book, event);
    case "CompensationStarted":
      return session.undo(book, event);
    case "SessionPaused":
      return session.pause(book);
    case "SessionResumed":
      return session.resume(book);
    case "DeadlineMoved":
      return session.moveDeadline(book, event);
    case "SessionCompleted":
    case "SessionFailed":
    case "SessionCancelled":
      return session.end(book, event);
    case "LateResultRecorded":
      return work.keepLate(book, event);
    case "TasksCarried":
      return rerun.carry(book, event);
    case "ControlAnswered":
      return;
    case "SessionWarned":
      return expect(book, book.graph.task(event.taskId) !== undefined, `is warned of ${event.taskId}`);
  }
};

/** What should have followed in a row, and did not. */
const settle = (book: Book, events: readonly SessionEvent[]): void => {
  rerun.settle(book);
  if (book.end !== null) return;
  expect(book, book.open.size > 0, "nothing is open, and the session has not ended");
  settleMaps(book);
  session.settleTimes(book, events);
  const undone = events.some(({ type }) => type === "CompensationStarted");
  expect(book, undone || !book.cut.has(0), "a task is cancelled, but the session goes on");
  if (book.undoing === null) order.settleOrder(book);
};

/**
 * Goes through a log as an execution of its definition, and says in `violations` what is wrong: nothing, if it is a legal
 * one. A naive interpreter of the language (WORKFLOWS.md), which knows nothing of how the engine works: it goes through
 * the log event by event, and says at the end of each row what should have happened in it and did not. A session that
 * runs another again is judged together with it. Pure.
 */
export const bookOf = (
  document: AuthoredDefinition,
  rows: readonly Row[],
  source: rerun.Source | null = null,
): Book => {
  const book = openBook(document, source);
  for (const { at, events } of rows) {
    book.at = at;
    book.cut.clear();
    book.rowBytes = Buffer.byteLength(JSON.stringify(events));
    expect(book, events.length > 0, "says nothing");
    for (const event of events) step(book, event);
    settle(book, events);
    // What a queue was left for counts no longer.
    for (const open of book.open.values()) if (open.rest.kind === "queued") open.rest = { ...open.rest, before: null };
    book.row += 1;
  }
  return book;
};

/** See `bookOf`. */
export const violationsOf = (
  document: AuthoredDefinition,
  rows: readonly Row[],
  source: rerun.Source | null = null,
): readonly string[] => bookOf(document, rows, source).violations;
