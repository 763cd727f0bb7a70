import type { AttemptOutcome, SessionEvent } from "../../src/core/session/events.ts";
import {
  AWAY_MS,
  deadlineOf,
  expect,
  lateness,
  momentOf,
  openOf,
  queueLateness,
  retryOf,
  typeOf,
  type Book,
  type Open,
} from "./legal-book.ts";

type Of<T extends SessionEvent["type"]> = Extract<SessionEvent, { type: T }>;
type Begun = Of<"DispatchRequested" | "CallRequested" | "ChildRequested">;

/** Whether a task may begin something now, or take its place in a queue. */
const expectReady = (book: Book, open: Open, what: string): void => {
  const { taskId, rest, broken, map } = open;
  expect(book, book.pausedAt === null, `${taskId} is ${what} in a pause`);
  expect(book, broken !== true, `${taskId} is ${what}, but its parameters cannot be rendered`);
  expect(book, map === null, `${taskId} is a map and is ${what}`);
  expect(book, rest.kind !== "asleep" && rest.kind !== "awaiting", `${taskId} is ${what} while it waits`);
  const early = rest.kind === "retry" && lateness(book, rest.since, rest.until) < 0;
  expect(book, !early, `${taskId} is ${what} before the time of its next attempt`);
  expect(book, open.last?.row !== book.row || !open.last.final, `${taskId} is ${what}, but nothing is left to try`);
};

const kindOf = { DispatchRequested: "agent", CallRequested: "call", ChildRequested: "child" } as const;
const types: Readonly<Record<string, readonly string[]>> = {
  agent: ["agent"],
  call: ["tool", "http"],
  child: ["workflow"],
};

const repeat = (book: Book, open: Open, event: Begun, who: string | null): void => {
  const { flight, taskId } = open;
  const isIt = flight?.attempt === event.attempt && flight.attemptId === event.attemptId;
  expect(book, isIt, `${taskId} is to do attempt ${event.attempt} again, which is not in flight`);
  const isFree = flight?.handedOn === true || book.at >= (flight?.leaseUntil ?? 0);
  expect(book, isFree, `${taskId} is begun again while somebody may be at it`);
  expect(book, book.pausedAt === null, `${taskId} is begun again in a pause`);
  const mayMove = event.type === "CallRequested";
  expect(book, mayMove || flight?.who === who, `${taskId} is begun again by ${who}, not ${flight?.who}`);
};

/** An attempt begins, or is begun once more. */
export const begin = (book: Book, event: Begun): void => {
  const open = openOf(book, event);
  if (open === null) return;
  const { taskId, attempt, attemptId, n } = { ...event };
  const kind = kindOf[event.type];
  const type = typeOf(open.work);
  expect(book, types[kind]!.includes(type), `${taskId} is a ${type} and is begun as ${kind}`);
  const who = event.type === "ChildRequested" ? event.sessionId : (event.agentId ?? null);
  if (event.again) repeat(book, open, event, who);
  else {
    expectReady(book, open, `begun as ${kind}`);
    expect(book, open.flight === null, `${taskId} has two attempts at once`);
    expect(book, attempt === open.attempt + 1, `attempt ${attempt} of ${taskId} after ${open.attempt}`);
    const isNew = [...book.attempts].every(([id, one]) => id !== attemptId && (kind !== "child" || one.who !== who));
    expect(book, isNew, `attempt ${attempt} of ${taskId} bears the name of another`);
  }
  if (kind === "call") expect(book, (who === null) === (type === "http"), `${taskId} is called at ${who}`);
  if (kind === "agent") expect(book, !open.rejectedBy.has(who!), `${who} gets ${taskId}, which it rejected`);
  book.attempts.set(attemptId, { n, attempt, who });
  open.attempt = attempt;
  const handedOn = event.type === "CallRequested" && event.handedOn === true;
  open.flight = { kind, attempt, attemptId, who, since: momentOf(book), leaseUntil: event.leaseUntil, handedOn };
  open.rest = { kind: "idle" };
};

/** Waits in a queue for an agent that can take it. */
export const queue = (book: Book, event: Of<"TaskWaited">): void => {
  const open = openOf(book, event);
  if (open === null) return;
  const { taskId, rest, work } = open;
  expect(book, open.flight === null, `${taskId} waits with an attempt in flight`);
  const isFor = ["agent", "tool"].includes(typeOf(work));
  expect(book, isFor, `${taskId} is a ${typeOf(work)} and waits for an agent`);
  expectReady(book, open, "queued");
  const isSame = rest.kind === "queued" && rest.queue === event.queue;
  if (isSame) expect(book, queueLateness(book, open) > AWAY_MS, `${taskId} begins to wait anew, but was not late`);
  const before = rest.kind === "queued" && !isSame ? rest.since : null;
  open.rest = { kind: "queued", queue: event.queue, since: momentOf(book), before };
};

/** The flight that an event ends, if it is that one. */
const land = (
  book: Book,
  open: Open,
  event: { readonly type: string; readonly attempt: number; readonly attemptId?: string; readonly agentId?: string },
  kinds: readonly string[],
): void => {
  const { flight, taskId } = open;
  const isIt =
    flight?.attempt === event.attempt &&
    kinds.includes(flight.kind) &&
    (event.attemptId === undefined || event.attemptId === flight.attemptId) &&
    (event.agentId === undefined || event.agentId === flight.who);
  expect(book, isIt, `${event.type} of attempt ${event.attempt} of ${taskId}, not in flight`);
  open.flight = null;
};

/** Whether an attempt that ended so counts; `null`: it depends on what the log does not say. */
const COUNTS: Readonly<Record<AttemptOutcome, boolean | null>> = {
  failed: true,
  rejected: true,
  agent_error: true,
  agent_restarted: true,
  refused: false,
  agent_deregistered: false,
  cancelled: false,
  superseded: false,
  start_deadline: null,
  run_deadline: null,
  heartbeat_deadline: null,
};

const deadlines = { start_deadline: ["start", 60_000], run_deadline: ["run", 900_000], heartbeat_deadline: ["heartbeat", Infinity] } as const; // prettier-ignore

const expectDeadline = (book: Book, open: Open, event: Of<"AttemptEnded">): void => {
  const { outcome, taskId, counts } = event;
  const isOurs = outcome.endsWith("_deadline") || outcome === "agent_restarted" || outcome === "agent_deregistered";
  expect(book, !isOurs || book.pausedAt === null, `${taskId} ends of ${outcome} in a pause`);
  const since = open.flight?.since;
  if (since === undefined || !Object.hasOwn(deadlines, outcome)) return;
  const [key, otherwise] = deadlines[outcome as keyof typeof deadlines];
  const late = lateness(book, since, since.at + deadlineOf(book, open.work, key, otherwise));
  expect(book, late >= 0, `${taskId} ends of ${outcome} before its time`);
  if (outcome === "run_deadline")
    expect(book, counts === late <= AWAY_MS, `${taskId}: ${outcome} ${late} ms late counts: ${counts}`);
};

/** What is left to try after an attempt without success. */
const afterwards = (
  book: Book,
  open: Open,
  ended: { readonly code: string; readonly counts: boolean; readonly retryAt: number | null },
  isFinal: boolean,
  mayBeFinal: boolean,
): void => {
  const { taskId, work } = open;
  const { maxAttempts, final } = retryOf(book, work);
  if (ended.counts) open.used += 1;
  const spent = open.used >= maxAttempts || final.includes(ended.code) || isFinal;
  expect(book, open.used <= maxAttempts, `${taskId} used ${open.used} of ${maxAttempts} attempts`);
  const { retryAt, code } = ended;
  expect(book, !spent || retryAt === null, `${taskId} is planned for ${retryAt}, but nothing is left to try`);
  expect(book, retryAt === null || retryAt >= book.at, `${taskId} is planned for a time that has passed`);
  open.last = { row: book.row, code, final: spent, mayBeFinal: spent || (mayBeFinal && retryAt === null) };
  open.rest = retryAt === null ? { kind: "idle" } : { kind: "retry", until: retryAt, since: momentOf(book) };
};

/** An attempt of an agent ended without success. */
export const endAttempt = (book: Book, event: Of<"AttemptEnded">): void => {
  const open = openOf(book, event);
  if (open === null) return;
  const { taskId, outcome, counts, via, agentId, error, retryAt } = event;
  expectDeadline(book, open, event);
  land(book, open, event, ["agent"]);
  expect(book, COUNTS[outcome] === null || COUNTS[outcome] === counts, `${taskId} ${outcome}: counts ${counts}`);
  if (outcome === "cancelled" || outcome === "superseded") {
    open.rest = { kind: "idle" };
    return;
  }
  if (outcome === "rejected") open.rejectedBy.add(agentId);
  const { agentId: named, agentCapability } = open.work;
  const deadEnd = outcome === "rejected" && (typeof named === "string" || typeof agentCapability !== "string");
  // Only what an agent says itself can say that trying again is useless.
  const said = outcome === "failed" && via !== undefined;
  afterwards(book, open, { code: error.code, counts, retryAt }, deadEnd, said || error.code === "limit_log");
};

/** A call or a child session ended without success; the call of a tool whose agent has gone does not count. */
export const failCall = (book: Book, event: Of<"CallFailed">): void => {
  const open = openOf(book, event);
  if (open === null) return;
  const { taskId, counts, error, retryAt } = event;
  land(book, open, event, ["call", "child"]);
  const isTool = typeOf(open.work) === "tool";
  expect(book, counts || (isTool && retryAt === null), `${taskId} was called, and that does not count`);
  const { code } = error;
  afterwards(book, open, { code, counts, retryAt }, counts && retryAt === null, counts);
};

/** A task is done by an attempt. */
export const complete = (book: Book, event: Of<"TaskCompleted" | "TaskResolved">, kind: string): void => {
  const open = openOf(book, event);
  if (open === null) return;
  const { attempt, type } = event;
  if (attempt === undefined) return expect(book, false, `${event.taskId} is done by an attempt without a number`);
  const who = event.type === "TaskCompleted" ? { agentId: event.agentId, attemptId: event.attemptId } : {};
  land(book, open, { type, attempt, ...who }, [kind]);
};

/** A person wants the next attempt now, whatever is under way. */
export const hurry = (book: Book, event: Of<"TaskHurried">): void => {
  const open = openOf(book, event);
  if (open === null) return;
  const { taskId, flight, rest, map } = open;
  expect(book, flight?.kind !== "agent", `${taskId} is hurried with an attempt in flight`);
  expect(book, map === null && rest.kind !== "asleep" && rest.kind !== "awaiting", `${taskId} has nothing to hurry`);
  expect(book, book.pausedAt === null, `${taskId} is hurried in a pause`);
  open.flight = null;
  open.rest = { kind: "idle" };
};

/** A result that came too late: of an attempt that there was, and at most ten of a task. */
export const keepLate = (book: Book, event: Of<"LateResultRecorded">): void => {
  const { n, attempt, attemptId, agentId, taskId } = event;
  const was = book.attempts.get(attemptId);
  const isIt = was?.n === n && was.attempt === attempt && was.who === agentId;
  expect(book, isIt, `a late result of attempt ${attempt} of ${taskId}, which ${agentId} never had`);
  const count = (book.late.get(n) ?? 0) + 1;
  book.late.set(n, count);
  expect(book, count <= 10, `${count} late results of ${taskId}`);
};
