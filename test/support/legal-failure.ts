import type { SessionEvent } from "../../src/core/session/events.ts";
import { AWAY_MS, expect, FULL_ROW_BYTES, queueLateness, typeOf, type Book, type Open } from "./legal-book.ts";
import { mapMayFail } from "./legal-maps.ts";
import { expectTimeout } from "./legal-waits.ts";
import { holds } from "./naive-data.ts";

type Failed = Extract<SessionEvent, { type: "TaskFailed" }>;

const MAX_DEPTH = 5;

/** Whether a task that was just entered may fail of what it was given, or how deep it stands. */
const mayFailAtOnce = (book: Book, open: Open, code: string): boolean => {
  const { work, broken, row, rest, attempt, item, map, taskId } = open;
  const isNew = rest.kind === "idle" || (map?.next === 0 && map.done === 0);
  if (!isNew || attempt > 0 || open.flight !== null) return false;
  // What is entered in a pause begins when that is over.
  if (code === "limit_depth") return typeOf(work) === "workflow" && (book.depth ?? 0) >= MAX_DEPTH;
  if (row !== book.row) return false;
  if (code === "limit_step") return book.rowBytes > FULL_ROW_BYTES;
  const when = item === null ? book.graph.task(taskId)?.when : undefined;
  if (when !== undefined && holds(when, book.known) === null) return true;
  if (broken !== false) return true;
  return typeOf(work) === "wait" && code === "invalid_wait";
};

/** Of an approval that is waited for, or of a signal, when its time is over. */
const timedOut = (book: Book, open: Open, code: string): boolean => {
  const type = typeOf(open.work);
  const onTimeout = book.graph.task(open.taskId)?.onTimeout ?? "fail";
  const expected = onTimeout === "reject" ? "rejected" : `${type}_timeout`;
  if (open.rest.kind !== "awaiting" || code !== expected) return false;
  if (onTimeout !== "fail" && onTimeout !== "reject") return false;
  expectTimeout(book, open);
  return true;
};

const nobodyCame = (book: Book, open: Open, code: string): boolean => {
  const { rest, taskId } = open;
  if (rest.kind !== "queued" || code !== "no_agent") return false;
  const late = queueLateness(book, open);
  const right = book.pausedAt === null && late >= 0 && late <= AWAY_MS;
  expect(book, right, `${taskId} fails of no_agent ${late} ms after its time`);
  return true;
};

/** Its attempts are used up, or the last of them said that no other would help. */
const usedUp = (book: Book, { last }: Open, code: string): boolean =>
  last?.row === book.row && ((last.mayBeFinal && last.code === code) || code === "limit_log");

/** A task has failed for good: of something, and what follows is what its author wrote. */
export const expectFailure = (book: Book, open: Open, event: Failed): void => {
  const { taskId, actor, error } = event;
  const { code } = error;
  if (actor !== undefined) {
    expect(book, open.flight?.kind !== "agent", `${taskId} is failed by hand with an attempt in flight`);
    return;
  }
  expect(book, open.flight === null, `${taskId} fails with an attempt in flight`);
  const right =
    usedUp(book, open, code) ||
    mapMayFail(book, open, code) ||
    timedOut(book, open, code) ||
    nobodyCame(book, open, code) ||
    mayFailAtOnce(book, open, code);
  expect(book, right, `${taskId} fails of ${code}, which did not happen to it`);
};

/** What follows the failure of a task for good. */
export const insteadOf = (book: Book, open: Open): Failed["instead"] => {
  const task = book.graph.task(open.taskId);
  if (open.item !== null) return open.work.onFailure === "continue" ? "continue" : undefined;
  if (task?.fallbackTaskId != null) return "fallback";
  return task?.onFailure === "continue" || book.graph.isCompensation(open.taskId) ? "continue" : undefined;
};
