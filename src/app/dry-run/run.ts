import type { Json, JsonObject } from "../../core/json.ts";
import { sessionIdAt } from "../../core/ids.ts";
import { dueAt } from "../../core/session/deadlines.ts";
import type { Facts } from "../../core/session/facts.ts";
import type { DefinitionRef, OpenTask, SessionState } from "../../core/session/state.ts";
import type { Graph } from "../../core/workflow/graph.ts";
import { jsonBytes } from "../../core/workflow/json-size.ts";
import type { Wish } from "../tries.ts";
import { agendaOf } from "./agenda.ts";
import type { Mocks } from "./mocks.ts";
import { castFor, DRY_RUN, type Cast, type Coming } from "./play.ts";
import { virtualSession, type VirtualRow, type VirtualSession } from "./virtual-session.ts";

/** A dry run makes so many steps: things that come from outside, or are due. */
export const MAX_STEPS = 2_000;

/** Its log has so many bytes of JSON. */
export const MAX_LOG_BYTES = 4 * 1024 * 1024;

/** Its decisions cost so much in all, in steps of expressions. */
export const MAX_WORK = 2_000_000;

/** It goes on for so long in virtual time: 100 years. */
const MAX_ELAPSED_MS = 100 * 365 * 86_400_000;

/** Why a dry run came to a halt before the session ended. */
export interface Stop {
  readonly code: "waiting" | "limit_steps" | "limit_log" | "limit_time" | "limit_work";
  readonly message: string;
  /** Tasks that wait for something that nothing was said of. */
  readonly for: readonly {
    readonly taskId: string;
    readonly code: "approval" | "signal" | "child";
    readonly until: number | null;
  }[];
}

export interface DryRun {
  readonly state: SessionState;
  readonly facts: Facts;
  readonly rows: readonly VirtualRow[];
  /** Epoch ms in virtual time at which it came to its end, or to a halt. */
  readonly now: number;
  /** `null`: the session has ended. */
  readonly stopped: Stop | null;
  readonly defaulted: readonly string[];
  /** Mocks that nothing asked for. */
  readonly unused: readonly string[];
}

export interface DryRunOf {
  readonly graph: Graph;
  readonly definition: DefinitionRef;
  readonly home: string | null;
  readonly input: JsonObject;
  readonly mocks: Mocks;
  /** Epoch ms. */
  readonly startAt: number;
  /** Hexadecimal digits: ids and jitter derive from them. */
  readonly seed: string;
}

const limit = (code: Stop["code"], message: string): Stop => ({ code, message, for: [] });

const isAwaited = ({ phase }: OpenTask): boolean => phase === "awaiting" || phase === "child";

const waits = (open: readonly OpenTask[]): Stop => {
  const tasks = open.filter(isAwaited).map((task) => ({
    taskId: task.taskId,
    code: task.phase === "awaiting" ? task.what : ("child" as const),
    until: task.phase === "awaiting" ? task.until : null,
  }));
  const names = tasks.slice(0, 3).map(({ taskId, code }) => `"${taskId}" (${code})`);
  const more = tasks.length > 3 ? ` and ${tasks.length - 3} more` : "";
  const message = `nothing more happens by itself: the session waits for ${names.join(", ")}${more}`;
  return { code: "waiting", message, for: tasks };
};

/**
 * When the next thing happens (epoch ms), or why nothing does: nobody but the caller can say what a person without a mock
 * does, and so no deadline of theirs passes.
 */
const nextAt = (session: VirtualSession, cast: Cast, comingAt: number, now: number): number | Stop => {
  const state = session.state();
  const due = dueAt(state, session.facts()) ?? Infinity;
  if (due <= now) return now;
  const open = state.open.filter(({ phase }) => phase !== "mapping");
  const unmocked = open.filter((task) => task.phase === "awaiting" && cast.isUnmocked(task.n));
  const patience = Math.min(
    ...unmocked.map((task) => (task.phase === "awaiting" ? (task.until ?? Infinity) : Infinity)),
  );
  const at = Math.min(comingAt, due);
  const isOver = unmocked.length > 0 && (unmocked.length === open.length || patience <= at);
  return isOver || at === Infinity ? waits(state.open) : at;
};

/**
 * Runs a session to its end, or to a halt, against mocks and in virtual time. Every decision is made by the core as in
 * earnest; nothing is stored, sent or called. Deterministic; bounded by `MAX_STEPS`, `MAX_WORK`, `MAX_LOG_BYTES` and 100
 * years; the start alone by what bounds a decision.
 */
export const dryRun = ({ graph, definition, home, input, mocks, startAt, seed }: DryRunOf): DryRun => {
  const session = virtualSession(graph, { home, seed, startAt, work: MAX_WORK });
  const cast = castFor(session, mocks);
  const agenda = agendaOf<Coming>();
  let now = startAt;
  let bytes = 0;

  const advance = (wish: Wish): Stop | null => {
    const events = session.advance(wish, now);
    if (events === null) return limit("limit_work", "what comes next takes more work than a dry run may do");
    // Beyond the limit it does not matter by how much.
    bytes += jsonBytes(events as unknown as Json, MAX_LOG_BYTES - bytes + 1);
    for (const coming of cast.play(events, now)) agenda.add(coming.at, coming);
    return null;
  };

  const step = (): Stop | null => {
    if (bytes > MAX_LOG_BYTES) {
      return limit("limit_log", `a dry run stops when its log has more than ${MAX_LOG_BYTES / 1024} KiB`);
    }
    // What is there now comes before anything that is due, and all that was due before has been done.
    const at = agenda.at() <= now ? now : nextAt(session, cast, agenda.at(), now);
    if (typeof at !== "number") return at;
    if (at - startAt > MAX_ELAPSED_MS) return limit("limit_time", "a dry run stops after 100 years");
    now = Math.max(now, at);
    // What comes at the very moment of a deadline is in time.
    const coming = agenda.at() <= now ? agenda.take() : undefined;
    if (coming?.child !== undefined) session.relative(coming.child.sessionId, coming.child.relative);
    return advance(coming?.wish ?? { type: "Tick" });
  };

  let stopped = advance({
    type: "StartSession",
    sessionId: sessionIdAt(startAt, seed),
    definition,
    home,
    input,
    actor: DRY_RUN,
  });
  for (let steps = 1; session.state().status === "open" && stopped === null; steps += 1) {
    stopped = steps < MAX_STEPS ? step() : limit("limit_steps", `a dry run stops after ${MAX_STEPS} steps`);
  }
  return {
    state: session.state(),
    facts: session.facts(),
    rows: session.rows,
    now,
    stopped,
    defaulted: [...cast.defaulted],
    unused: mocks.taskIds.filter((taskId) => !cast.used.has(taskId)),
  };
};
