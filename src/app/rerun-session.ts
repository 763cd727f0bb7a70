import { clip } from "../contract/problem.ts";
import { isSessionId } from "../core/ids.ts";
import type { JsonObject } from "../core/json.ts";
import type { Rerun } from "../core/session/commands.ts";
import { inputOf, nodeOf, type Facts } from "../core/session/facts.ts";
import { planRerun } from "../core/session/rerun.ts";
import type { SessionState } from "../core/session/state.ts";
import { factsOf } from "./advance-session.ts";
import { sessionNotFound } from "./cancel-session.ts";
import type { Started, StartRequest } from "./commit-start.ts";
import type { Deps } from "./deps.ts";
import type { Cause } from "./log-row.ts";
import { OpsError } from "./ops-error.ts";
import { startSession } from "./start-session.ts";

/** How a session is to be run again. */
export interface RerunWish {
  /** `null`: from its beginning. */
  readonly fromTaskId: string | null;
  /** `null`: what it was started with. */
  readonly input: JsonObject | null;
  /** Laid over the rendered parameters of the task it runs again from; `null`: nothing is. */
  readonly parameters: JsonObject | null;
  readonly reason: string | null;
}

/** A session that has ended, and its input. */
export interface Ended {
  readonly state: SessionState;
  readonly facts: Facts;
}

/** Loads a session that is to be run again. 404 if there is none, 409 while it is open. */
export const loadEnded = async (deps: Deps, sessionId: string): Promise<Ended> => {
  if (!isSessionId(sessionId)) throw sessionNotFound(sessionId);
  const needs = { rows: [1], agents: [], caps: [] };
  const loaded = await deps.store.loadSession({ sessionId, historyOf: null, needs });
  const facts = factsOf(deps, loaded);
  if (facts === null || loaded.session === null) throw sessionNotFound(sessionId);
  const { state } = loaded.session;
  if (!facts.rows.has(1)) throw new Error(`the log of session ${state.id} has lost its first row`);
  if (state.status !== "open") return { state, facts };
  throw new OpsError("conflict", "The session has not ended; only one that has ended can be run again.", {
    hint: "Wait for its end, or cancel it first.",
  });
};

const refusal = (member: string, code: string, message: string): OpsError =>
  new OpsError("validation_failed", message, { errors: [{ pointer: `/${member}`, code, message }] });

/** What the engine does itself stays what the author wrote, as when a session is started. */
const EDITABLE: ReadonlySet<string> = new Set(["agent", "tool", "workflow"]);

const requireEditable = (facts: Facts, { fromTaskId, parameters }: RerunWish): void => {
  if (parameters === null) return;
  if (fromTaskId === null) throw refusal("parameters", "not_allowed", "parameters go with fromTaskId");
  const { type } = nodeOf(facts.graph, fromTaskId);
  if (EDITABLE.has(type)) return;
  throw refusal(
    "parameters",
    "not_allowed",
    `"${clip(fromTaskId)}" is of the type ${type}: its parameters stay as written.`,
  );
};

const rerunOf = ({ state, facts }: Ended, wish: RerunWish): Rerun => {
  const { fromTaskId, parameters, reason } = wish;
  const plan = fromTaskId === null ? null : planRerun(state, facts.graph, fromTaskId);
  if (plan?.kind === "refused") throw refusal("fromTaskId", "cannot_rerun", plan.message);
  requireEditable(facts, wish);
  return {
    of: { sessionId: state.id, fromTaskId, reason },
    carried: plan?.carried ?? [],
    parameters: parameters ?? {},
  };
};

/**
 * Runs a session that has ended again, as a new one: with the same definition, home agent and input, unless another is
 * given. With `fromTaskId` what does not come after that task keeps its result. With an Idempotency-Key the same request
 * gets the same session, as when one is started; the old session is not touched.
 */
export const rerunEnded = (
  deps: Deps,
  ended: Ended,
  wish: RerunWish,
  idempotency: StartRequest["idempotency"],
  cause: Cause,
): Promise<Started> => {
  const { state, facts } = ended;
  const rerun = rerunOf(ended, wish);
  return startSession(
    deps,
    {
      definition: { kind: "pinned", ref: state.definition },
      agentId: state.home,
      input: wish.input ?? inputOf(facts),
      idempotency,
      rerun,
    },
    cause,
  );
};

/** See `rerunEnded`. */
export const rerunSession = async (
  deps: Deps,
  sessionId: string,
  wish: RerunWish,
  idempotency: StartRequest["idempotency"],
  cause: Cause,
): Promise<Started> => rerunEnded(deps, await loadEnded(deps, sessionId), wish, idempotency, cause);
