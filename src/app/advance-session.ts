import { taskIdOf } from "../core/ids.ts";
import { dueAt } from "../core/session/deadlines.ts";
import { decide, type Answer, type Decision } from "../core/session/decide.ts";
import type { Facts } from "../core/session/facts.ts";
import { widened, type Needs } from "../core/session/needs.ts";
import type { SessionState } from "../core/session/state.ts";
import { commitDecision, timer } from "./commit-decision.ts";
import { commitStart, type StartRequest } from "./commit-start.ts";
import type { Deps } from "./deps.ts";
import { systemCause, type Cause } from "./log-row.ts";
import { inBackground, publish } from "./publish.ts";
import { factsWith } from "./facts-with.ts";
import type { EndCallOf } from "./make-call.ts";
import type { EndDispatch } from "./send-task.ts";
import type { LoadedSession } from "./store-port.ts";
import { contention, loadWhole, MAX_TRIES, restBefore, withClock, type Wish } from "./tries.ts";

/** The facts of a loaded session, with its compiled definition; `null` if there is no such session. */
export const factsOf = (deps: Deps, loaded: LoadedSession): Facts | null => {
  const { session, definition } = loaded;
  if (session === null) return null;
  // A session is committed together with its definition, and definitions are never deleted.
  if (definition === null) throw new Error(`the definition of session ${session.state.id} is missing`);
  return factsWith(loaded, deps.graphs.of(definition.hash, definition.body));
};

export interface Advanced {
  readonly answer: Answer;
  readonly state: SessionState;
  readonly decision: Decision;
}

const advance = async (deps: Deps, sessionId: string, wish: Wish, cause: Cause): Promise<Advanced | null> => {
  let historyOf: string | null = null;
  let needs: Needs | null = null;
  for (let tries = 0; tries < MAX_TRIES;) {
    const query = { sessionId, historyOf };
    const loaded = await loadWhole(needs, (all) => deps.store.loadSession({ ...query, needs: all }));
    const facts = factsOf(deps, loaded);
    const previous = loaded.session;
    if (facts === null || previous === null) return null;
    const command = withClock(deps, wish);
    const decision = decide(previous.state, command, facts, previous.seq + 1);
    if (decision.answer.kind === "needs_history" && command.type === "SettleAttempt") {
      historyOf = taskIdOf(sessionId, command.n);
      continue;
    }
    if (decision.answer.kind === "needs_facts") {
      needs = widened(loaded.needs, decision.answer.needs);
      continue;
    }
    const isTick = command.type === "Tick";
    const advanced = { answer: decision.answer, state: decision.state, decision };
    if (decision.events.length === 0) {
      const next = isTick ? timer(previous, dueAt(previous.state, facts), command.now) : undefined;
      if (next !== undefined) await deps.store.rearm(previous, next);
      return advanced;
    }
    const { now } = command;
    const written = await commitDecision(deps, { previous, decision, facts, now, isTick, cause });
    if (written.result.kind === "committed") {
      publishCommit(deps, decision, facts, written.result.wake, written.dueAt);
      return advanced;
    }
    tries += 1;
    if (wish.type !== "Tick") await restBefore(deps, tries);
  }
  throw contention();
};

/**
 * The one way a session changes: load, decide, evolve, commit, publish. `null`: there is no such session.
 * A stale commit writes nothing and starts over, at most six times, then 503; within one process commands on one
 * session wait for each other instead, except ticks: among sessions that want the same agents what is oldest would
 * lose its place by waiting. After a crash at any point either nothing happened or everything did, and the
 * sweep does the publishing.
 */
export const advanceSession = async (
  deps: Deps,
  sessionId: string,
  wish: Wish,
  cause: Cause,
): Promise<Advanced | null> => {
  const work = (): Promise<Advanced | null> => advance(deps, sessionId, wish, cause);
  const waits = deps.turns !== undefined && wish.type !== "Tick";
  return waits ? await deps.turns.of(sessionId, work) : await work();
};

/** Makes a call that was left to whoever takes its hint, unless it has begun: then, or too late, nothing changes. */
export const beginCall = async (deps: Deps, sessionId: string, n: number, attempt: number): Promise<void> => {
  await advanceSession(deps, sessionId, { type: "BeginCall", n, attempt }, systemCause("BeginCall"));
};

/** Does what is due in a session; harmless at any time and any number of times. */
export const tickSession = async (deps: Deps, sessionId: string): Promise<void> => {
  await advanceSession(deps, sessionId, { type: "Tick" }, systemCause("Tick"));
};

/**
 * Ticks sessions in the background: something they wait for may have come. One after the other, so that the
 * first of them has the first choice of the agents; one that fails does not stop the next.
 */
export const wakeSessions = (deps: Deps, sessionIds: readonly string[]): void => {
  const [first, ...others] = sessionIds;
  if (first === undefined) return;
  inBackground(deps, "wake-up", () => tickSession(deps, first).finally(() => wakeSessions(deps, others)));
};

const endDispatch =
  (deps: Deps): EndDispatch =>
  async (sessionId, { n, attempt }, outcome, transport, message, retryAfterMs) => {
    const wish = { type: "EndDispatch", n, attempt, outcome, transport, message, retryAfterMs } as const;
    await advanceSession(deps, sessionId, wish, systemCause("EndDispatch"));
  };

const endCall =
  (deps: Deps): EndCallOf =>
  async (sessionId, n, attempt, result) => {
    await advanceSession(deps, sessionId, { type: "EndCall", n, attempt, result }, systemCause("EndCall"));
  };

/** What follows a commit: see `publish`. */
export const publishCommit = (
  deps: Deps,
  decision: Decision,
  facts: Facts,
  wake: readonly string[],
  nextDue: number | null | undefined,
): void => {
  const onward = {
    wake: (ids: readonly string[]) => wakeSessions(deps, ids),
    endDispatch: endDispatch(deps),
    endCall: endCall(deps),
    start: async (request: StartRequest) => {
      await commitStart(deps, request, systemCause("StartSession"), publishCommit);
    },
  };
  publish(deps, onward, decision, facts, wake, nextDue);
};
