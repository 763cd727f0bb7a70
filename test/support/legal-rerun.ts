import type { JsonObject } from "../../src/core/json.ts";
import type { SessionEvent } from "../../src/core/session/events.ts";
import { expect, type Book, type Fate } from "./legal-book.ts";
import { same } from "./naive-data.ts";

type Of<T extends SessionEvent["type"]> = Extract<SessionEvent, { type: T }>;
type Carried = Of<"TasksCarried">["tasks"][number];

/** What a session that runs another again stands on. */
export interface Source {
  /** Of the other, at the end of its log. */
  readonly book: Book;
  /** A row (from 1) of any session's log. */
  readonly rowOf: (sessionId: string, seq: number) => readonly SessionEvent[];
  /** What the request laid over the parameters of the task it is run again from. */
  readonly parameters?: JsonObject;
}

const settledFates: ReadonlySet<Fate | undefined> = new Set<Fate>(["completed", "skipped", "dead"]);

const isSettled = ({ fate, awaiting, graph }: Book, taskId: string): boolean =>
  !awaiting.has(taskId) &&
  (settledFates.has(fate.get(taskId)) || (fate.get(taskId) === "failed" && graph.isTolerated(taskId)));

/** What stands as it did, when a session is run again from a task: what has settled and does not come after it. */
const keptOf = (book: Book, from: string): readonly string[] => {
  const { graph, fate } = book;
  return graph.main
    .filter((id) => id !== from && !graph.ancestors(id).has(from) && isSettled(book, id))
    .flatMap((id) => graph.chain(id).filter((one) => fate.has(one)));
};

/** Why a session that has ended cannot be run again from a task, as its log and its definition say; `null`: it can. */
export const whyNotAgain = (book: Book, from: string): string | null => {
  const { graph, fate } = book;
  if (graph.task(from) === undefined) return "is not in the definition";
  if (!graph.main.includes(from)) return "has no place in the order";
  if (!fate.has(from) || fate.get(from) === "dead") return "was never reached";
  const isUndone = (id: string): boolean => {
    const by = fate.get(graph.task(id)?.compensateWith ?? "");
    return fate.get(id) === "completed" && by !== undefined && by !== "skipped";
  };
  const undone = keptOf(book, from).find(isUndone);
  return undone === undefined ? null : `stands on ${undone}, which was undone`;
};

/** Of a task that has failed, what stands in for it and was done. */
const standInOf = ({ graph, fate }: Book, taskId: string): string | undefined => {
  const chain = graph.chain(taskId);
  return chain.slice(chain.indexOf(taskId) + 1).findLast((one) => fate.get(one) === "completed");
};

/** A session begins that runs another again: one that has ended, as it was defined, from where that can be. */
export const begin = (book: Book, { rerunOf, definition, home }: Of<"SessionStarted">): void => {
  if (rerunOf === undefined) return;
  const { source } = book;
  const { sessionId, fromTaskId } = rerunOf;
  if (source === null || source.book.sessionId !== sessionId) {
    return expect(book, false, `runs ${sessionId} again, which has no log`);
  }
  expect(book, source.book.end !== null, `runs ${sessionId} again, which has not ended`);
  const [first] = source.rowOf(sessionId, 1);
  const isAlike =
    first?.type === "SessionStarted" && same(first.definition, definition) && (first.home === null) === (home === null);
  expect(book, isAlike, `runs ${sessionId} again with another definition, or for another agent`);
  if (fromTaskId === null) return;
  const why = whyNotAgain(source.book, fromTaskId);
  expect(book, why === null, `is run again from ${fromTaskId}, which ${why}`);
  book.from = fromTaskId;
  book.owed = keptOf(source.book, fromTaskId);
};

const endOf = (status: Carried["status"]): readonly SessionEvent["type"][] =>
  ({ completed: ["TaskCompleted", "TaskResolved"], failed: ["TaskFailed"], skipped: ["TaskSkipped"] } as const)[status]; // prettier-ignore

/** Whether the row that a task is said to have ended in says so, with the output that it had. */
const expectPlace = (book: Book, { book: old, rowOf }: Source, task: Carried): void => {
  const { taskId, from, status, by } = task;
  // A fallback that is a map ends after its items, which go by its name too.
  const said = rowOf(from.sessionId, from.seq).findLast(
    (event) =>
      endOf(status).includes(event.type) &&
      "taskId" in event &&
      event.taskId === (by ?? taskId) &&
      (by !== undefined || ("n" in event && event.n === from.n)),
  );
  expect(book, said !== undefined, `${taskId} did not end ${status} in row ${from.seq} of ${from.sessionId}`);
  if (status !== "completed" || said === undefined || !("output" in said)) return;
  const wanted = old.outputs.get(taskId) ?? null;
  expect(book, same(said.output ?? null, wanted), `${taskId} is carried with another output than it had`);
};

/** Tasks stand as they did in the session that is run again: all that it owes, and nothing else. */
export const carry = (book: Book, { tasks }: Of<"TasksCarried">): void => {
  const { source, owed } = book;
  if (source === null || owed === null) return expect(book, false, "carries tasks, but is not run again from one");
  const { book: old } = source;
  const names = tasks.map(({ taskId }) => taskId);
  const isAll = names.toSorted().join() === owed.toSorted().join();
  expect(book, isAll && tasks.length > 0, `carries ${names.join()}, not ${owed.join()}`);
  book.owed = null;
  let last = -Infinity;
  for (const task of tasks) {
    const { taskId, n, status, dead, chose, by } = task;
    const fate: Fate = dead === true ? "dead" : status;
    expect(book, old.fate.get(taskId) === fate, `${taskId} is carried as ${fate}, but was ${old.fate.get(taskId)}`);
    expect(book, old.chosen.get(taskId) === chose, `${taskId} chose ${old.chosen.get(taskId)}, not ${chose}`);
    expect(book, standInOf(old, taskId) === by, `${standInOf(old, taskId)} stood in for ${taskId}, not ${by}`);
    expect(book, n === book.count + 1, `${taskId} is carried as ${n} after ${book.count}`);
    expectPlace(book, source, task);
    book.count = Math.max(book.count, n);
    book.fate.set(taskId, fate);
    book.outputs.set(taskId, old.outputs.get(taskId) ?? null);
    if (chose !== undefined) book.chosen.set(taskId, chose);
    if (status !== "completed") continue;
    const at = old.completedIn.get(taskId) ?? 0;
    expect(book, at >= last, `${taskId} is carried after what came after it`);
    last = at;
    // All of it came before everything in this log, in its order.
    book.completedIn.set(taskId, at - old.row - 1);
  }
};

/** What was to be carried by the end of the first row. */
export const settle = (book: Book): void => {
  const { owed, row, from } = book;
  if (row > 0 || from === null) return;
  expect(book, owed === null || owed.length === 0, `${owed?.join()} was to be carried, and was not`);
  const isTaken = book.entered.has(from) || book.fate.has(from) || book.end !== null;
  expect(book, isTaken, `is run again from ${from}, and does not enter it`);
};
