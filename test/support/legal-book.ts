import type { Json, JsonObject } from "../../src/core/json.ts";
import type { SessionEvent } from "../../src/core/session/events.ts";
import { parseDuration } from "../../src/core/workflow/duration.ts";
import type { AuthoredDefinition } from "../../src/core/workflow/normalise.ts";
import type { Source } from "./legal-rerun.ts";
import type { Known } from "./naive-data.ts";
import { naiveGraph, type Authored, type NaiveGraph } from "./naive-graph.ts";

export type Fate = "completed" | "failed" | "skipped" | "dead" | "cancelled";
type Work = Authored | NonNullable<Authored["task"]>;

/** A time, and for how long the session had stood still until then. */
export interface Moment {
  readonly at: number;
  readonly stood: number;
}

/** An attempt that is under way: with an agent, as a call, as a child session. */
interface Flight {
  readonly kind: "agent" | "call" | "child";
  readonly attempt: number;
  readonly attemptId: string;
  /** The agent or the child session. */
  readonly who: string | null;
  readonly since: Moment;
  readonly leaseUntil: number;
  /** A call that somebody else is to make, who says so when beginning. */
  readonly handedOn: boolean;
}

/** What an open task does while no attempt is under way. `idle`: it is to begin at once. */
type Rest =
  | { readonly kind: "idle" | "mapping" }
  /** `before`: since when it waited in another queue, from which it came in this very row. */
  | { readonly kind: "queued"; readonly queue: string; readonly since: Moment; readonly before: Moment | null }
  | { readonly kind: "retry"; readonly until: number; readonly since: Moment }
  | { readonly kind: "asleep"; readonly until: number; readonly fixed: boolean; readonly since: Moment }
  | { readonly kind: "awaiting"; readonly until: number | null; readonly since: Moment };

/** A map at work. */
interface MapBook {
  readonly items: readonly Json[];
  /** Of the items that have ended. */
  readonly outputs: Json[];
  next: number;
  done: number;
  /** The code of an item's failure that takes the map with it. */
  doom: string | null;
}

export interface Open {
  readonly taskId: string;
  readonly n: number;
  readonly work: Work;
  /** In which row it was entered. */
  readonly row: number;
  /** An item: the `n` of its map, and which one. */
  readonly item: { readonly of: number; readonly index: number } | null;
  readonly map: MapBook | null;
  /** Whether its parameters cannot be rendered, as far as that can be told. */
  readonly broken: boolean | null;
  attempt: number;
  used: number;
  flight: Flight | null;
  rest: Rest;
  readonly rejectedBy: Set<string>;
  /** How its last attempt ended, and in which row. */
  last: { readonly row: number; readonly code: string; readonly final: boolean; readonly mayBeFinal: boolean } | null;
}

interface Signal {
  readonly seq: number;
  readonly name: string;
  readonly payload: Json;
}

export type TaskEvent = SessionEvent & { readonly taskId: string; readonly n: number };

/** What the log has said so far, and where it was wrong. All rules of the interpreter read and write it. */
export interface Book {
  readonly document: AuthoredDefinition;
  readonly graph: NaiveGraph;
  readonly violations: string[];
  readonly fate: Map<string, Fate>;
  readonly open: Map<number, Open>;
  readonly entered: Set<string>;
  readonly outputs: Map<string, Json>;
  /** Failed, and its fallback is not done. */
  readonly awaiting: Set<string>;
  readonly chosen: Map<string, string | null>;
  readonly completedIn: Map<string, number>;
  /** Why the session must fail, by the task that made it. */
  readonly doom: Map<string, string>;
  readonly failedOf: Map<string, string>;
  /** Signals that nobody has taken, the oldest first. */
  readonly signals: Signal[];
  /** Every attempt of an agent that there was, by its id, and who had it. */
  readonly attempts: Map<string, { readonly n: number; readonly attempt: number; readonly who: string | null }>;
  readonly late: Map<number, number>;
  /** Maps whose items were cancelled in this row: they must have ended in it. */
  readonly cut: Set<number>;
  readonly known: Known;
  /** The session that this one runs again. */
  readonly source: Source | null;
  /** The task it is run again from. */
  from: string | null;
  /** What it is to carry over, until it has. */
  owed: readonly string[] | null;
  sessionId: string;
  input: JsonObject;
  depth: number | null;
  count: number;
  deadline: number;
  undoing: { readonly taskId: string | null; readonly code: string; left: readonly string[] } | null;
  end: SessionEvent["type"] | null;
  pausedAt: number | null;
  stood: number;
  at: number;
  row: number;
  /** The JSON of the row at hand is so long (bytes) that what is left may wait for the next. */
  rowBytes: number;
}

/** A row beyond this leaves what is left of its maps to the next. */
export const FULL_ROW_BYTES = 512 * 1_024;

/** A deadline seen this much too late means that the engine was away. */
export const AWAY_MS = 120_000;

export const openBook = (document: AuthoredDefinition, source: Source | null): Book => {
  const book: Book = {
    document,
    graph: naiveGraph(document),
    violations: [],
    fate: new Map(),
    open: new Map(),
    entered: new Set(),
    outputs: new Map(),
    awaiting: new Set(),
    chosen: new Map(),
    completedIn: new Map(),
    doom: new Map(),
    failedOf: new Map(),
    signals: [],
    attempts: new Map(),
    late: new Map(),
    cut: new Set(),
    known: {
      get input() {
        return book.input;
      },
      get sessionId() {
        return book.sessionId;
      },
      status: (taskId) => (book.awaiting.has(taskId) ? undefined : book.fate.get(taskId)?.replace("dead", "skipped")),
      output: (taskId) => {
        const status = book.known.status(taskId);
        return status === undefined ? undefined : (book.outputs.get(taskId) ?? null);
      },
    },
    source,
    from: null,
    owed: null,
    sessionId: "",
    input: {},
    depth: null,
    count: 0,
    deadline: Infinity,
    undoing: null,
    end: null,
    pausedAt: null,
    stood: 0,
    at: 0,
    row: 0,
    rowBytes: 0,
  };
  return book;
};

export const fail = (book: Book, what: string): void => void book.violations.push(`row ${book.row + 1}: ${what}`);

export const expect = (book: Book, ok: boolean, what: string): void => void (ok || fail(book, what));

const standing = ({ stood, pausedAt, at }: Book): number =>
  stood + (pausedAt === null ? 0 : Math.max(0, at - pausedAt));

export const momentOf = (book: Book): Moment => ({ at: book.at, stood: standing(book) });

/** By how much (ms) it is later than `due`, which was set at that moment: pauses since then do not count. */
export const lateness = (book: Book, since: Moment, due: number): number => latenessAt(momentOf(book), since, due);

/** The same, as it was at that moment. */
export const latenessAt = ({ at, stood }: Moment, since: Moment, due: number): number =>
  at - (stood - since.stood) - due;

/** The open task that an event is about. */
export const openOf = (book: Book, event: TaskEvent): Open | null => {
  const open = book.open.get(event.n);
  if (open?.taskId === event.taskId) return open;
  fail(book, `${event.type} of ${event.taskId} (${event.n}), which is not open`);
  return null;
};

/** Items of a map that are open. */
export const itemsOf = (book: Book, n: number): readonly Open[] =>
  [...book.open.values()].filter(({ item }) => item?.of === n);

export const typeOf = (work: Work): string => work.type ?? "agent";

const isAttempted = (work: Work): boolean => ["agent", "tool", "http"].includes(typeOf(work));

/** How often work may be tried, and what ends it at once. */
export const retryOf = (
  book: Book,
  work: Work,
): { readonly maxAttempts: number; readonly final: readonly string[] } => {
  const defaults = isAttempted(work) ? { maxAttempts: 3, ...book.document.defaults?.retry } : { maxAttempts: 1 };
  const { maxAttempts, nonRetryableErrors } = { nonRetryableErrors: [], ...defaults, ...work.retry };
  return { maxAttempts: maxAttempts ?? 3, final: nonRetryableErrors ?? [] };
};

/** A deadline (ms) of work as its author wrote it, or what it is where nobody wrote anything. */
export const deadlineOf = (
  book: Book,
  work: Work,
  key: "queue" | "start" | "run" | "heartbeat",
  otherwise: number,
): number => {
  const defaults = typeOf(work) === "agent" ? book.document.defaults?.timeout : {};
  const written = work.timeout?.[key] ?? defaults?.[key];
  return written === undefined ? otherwise : (parseDuration(written) ?? otherwise);
};

/** By how much (ms) it is later than the end of the time in which an agent should have come for the task. */
export const queueLateness = (book: Book, { work, rest }: Open): number => {
  if (rest.kind !== "queued") return -Infinity;
  const since = rest.before ?? rest.since;
  return lateness(book, since, since.at + deadlineOf(book, work, "queue", 86_400_000));
};

export const isKnown = (book: Book, taskId: string): boolean => book.entered.has(taskId) || book.fate.has(taskId);
