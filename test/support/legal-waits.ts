import { isJsonObject, type Json } from "../../src/core/json.ts";
import type { SessionEvent } from "../../src/core/session/events.ts";
import { parseDuration } from "../../src/core/workflow/duration.ts";
import { AWAY_MS, deadlineOf, expect, lateness, momentOf, openOf, typeOf, type Book, type Open } from "./legal-book.ts";
import { same } from "./naive-data.ts";

type Of<T extends SessionEvent["type"]> = Extract<SessionEvent, { type: T }>;
/** Of a task of the definition; no item waits for a time, a signal or a person. */
const written = (book: Book, { taskId }: Open) => book.graph.task(taskId)!;

/** A wait begins. */
export const sleep = (book: Book, event: Of<"TaskSlept">): void => {
  const open = openOf(book, event);
  if (open === null) return;
  const { taskId, until, fixed } = event;
  const wait = written(book, open);
  expect(book, wait.type === "wait" && open.rest.kind === "idle", `${taskId} is no wait and sleeps`);
  expect(book, fixed === (wait.for === undefined), `${taskId} sleeps until an instant: ${fixed}`);
  const ms = parseDuration(wait.for ?? "");
  expect(book, ms === null || until === book.at + ms, `${taskId} does not sleep for as long as it says`);
  const instant = Date.parse(wait.until ?? "");
  const isIt = Number.isNaN(instant) || until === Math.max(book.at, instant);
  expect(book, isIt, `${taskId} does not sleep until it says`);
  open.rest = { kind: "asleep", until, fixed, since: momentOf(book) };
};

const signalOf = (book: Book, open: Open): string => written(book, open).signal ?? open.taskId;

/** From now on a signal or a person is waited for; or again, because we were away when that ended. */
export const awaitWord = (book: Book, event: Of<"TaskAwaited">): void => {
  const open = openOf(book, event);
  if (open === null) return;
  const { taskId, what, name, until } = event;
  expect(book, typeOf(open.work) === what, `${taskId} is a ${typeOf(open.work)} and awaits a ${what}`);
  expect(book, open.flight === null && open.broken !== true, `${taskId} begins to wait, but cannot`);
  expect(book, name === (what === "signal" ? signalOf(book, open) : taskId), `${taskId} waits for ${name}`);
  const run = deadlineOf(book, open.work, "run", Infinity);
  const { rest } = open;
  if (rest.kind === "awaiting") {
    const late = rest.until === null ? 0 : lateness(book, rest.since, rest.until);
    expect(book, late > AWAY_MS && until === book.at + late, `${taskId} is given time, but was not late`);
  } else {
    expect(book, rest.kind === "idle", `${taskId} begins to wait, but was ${rest.kind}`);
    const right = run === Infinity ? until === null : until === book.at + run;
    expect(book, right, `${taskId} waits until ${until}, not for ${run} ms`);
  }
  open.rest = { kind: "awaiting", until, since: momentOf(book) };
};

export const receive = (book: Book, { name, payload }: Of<"SignalReceived">): void => {
  expect(book, book.signals.length < 100, "keeps more than 100 signals");
  book.signals.push({ seq: book.row + 1, name, payload });
};

/** A signal is taken once, by a task that waits for its name, and the oldest goes first. */
const take = (book: Book, open: Open, event: Of<"TaskResolved">): void => {
  const { taskId, signal, output } = event;
  expect(book, typeOf(open.work) === "signal", `${taskId} takes a signal, but is a ${typeOf(open.work)}`);
  const name = signalOf(book, open);
  const at = book.signals.findIndex((one) => one.name === name);
  const oldest = book.signals[at];
  const isIt = signal?.name === name && oldest?.seq === signal.seq;
  expect(book, isIt, `${taskId} takes signal ${signal?.name} of row ${signal?.seq}, not ${name} of ${oldest?.seq}`);
  expect(book, !isIt || same(output, oldest.payload), `${taskId} has not what its signal brought`);
  if (at !== -1) book.signals.splice(at, 1);
};

/** Whether what was waited for is over: not in a pause, not before its time, not after we were away. */
export const expectTimeout = (book: Book, open: Open): void => {
  const { taskId, rest } = open;
  expect(book, book.pausedAt === null, `the time of ${taskId} runs out in a pause`);
  const late = rest.kind === "awaiting" && rest.until !== null ? lateness(book, rest.since, rest.until) : -1;
  expect(book, late >= 0, `the time of ${taskId} runs out early`);
  expect(book, late <= AWAY_MS, `the time of ${taskId} runs out, though we were away`);
};

const isApproved = (output: Json): boolean => isJsonObject(output) && output["approved"] === true;

/** Nobody decided, or no signal came, and the author wrote what that counts as. */
const timeOut = (book: Book, open: Open, { taskId, output }: Of<"TaskResolved">): void => {
  expectTimeout(book, open);
  const { onTimeout } = written(book, open);
  const right = (onTimeout === "continue" && output === null) || (onTimeout === "approve" && isApproved(output));
  expect(book, right, `${taskId} goes on in time, but says ${onTimeout ?? "fail"}`);
};

/** A task is done by its time, a signal, a person. */
export const resolve = (book: Book, open: Open, event: Of<"TaskResolved">): void => {
  const { taskId, by, output } = event;
  const { rest } = open;
  const isPerson = by === "operator" || by === "approval";
  expect(book, isPerson === (event.actor !== undefined), `${taskId} is done by ${by}, and ${event.actor?.id} said so`);
  if (by === "timer") {
    expect(book, book.pausedAt === null, `${taskId} wakes up in a pause`);
    const since = rest.kind === "asleep" && rest.fixed ? momentOf(book) : rest.kind === "asleep" ? rest.since : null;
    const late = since === null || rest.kind !== "asleep" ? -1 : lateness(book, since, rest.until);
    expect(book, late >= 0 && output === null, `${taskId} wakes up before its time`);
  } else if (by === "signal") take(book, open, event);
  else if (by === "timeout") timeOut(book, open, event);
  else if (by === "approval") {
    const asked = typeOf(open.work) === "approval" && rest.kind === "awaiting";
    expect(book, asked && isApproved(output), `${taskId} is approved, but nobody was asked`);
  }
};
