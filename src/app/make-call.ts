import { taskIdOf } from "../core/ids.ts";
import type { Json, JsonObject } from "../core/json.ts";
import type { CallResult } from "../core/session/commands.ts";
import type { CallRequested, ChildRequested } from "../core/session/flow-events.ts";
import type { SessionState } from "../core/session/state.ts";
import type { Work, Policy } from "../core/workflow/definition.ts";
import type { CallOutcome } from "./call-port.ts";
import type { Deps } from "./deps.ts";
import { OpsError } from "./ops-error.ts";
import { traceparentOf } from "./send-task.ts";
import type { StartRequest } from "./commit-start.ts";

/** Tells a session what became of a call that the engine made for it. */
export type EndCallOf = (sessionId: string, n: number, attempt: number, result: CallResult) => Promise<void>;

/** Starts a session; the same child twice is started once. */
export type StartOf = (request: StartRequest) => Promise<void>;

interface Requested<E> {
  readonly state: SessionState;
  readonly event: E;
  readonly work: Work & Policy & { readonly name: string };
  readonly parameters: JsonObject;
}

const textOf = (value: Json | undefined, otherwise: string): string =>
  typeof value === "string" ? value : value === undefined ? otherwise : JSON.stringify(value);

const textsIn = (value: Json | undefined): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries((value ?? {}) as JsonObject).map(([name, text]) => [name, textOf(text, "")]));

const outcomeOf = (deps: Deps, { state, event, work, parameters }: Requested<CallRequested>): Promise<CallOutcome> => {
  const taskId = taskIdOf(state.id, event.n);
  const timeoutMs = work.timeout.runMs;
  if (work.type === "http") {
    return deps.calls.http({
      method: textOf(parameters["method"], "GET"),
      url: textOf(parameters["url"], ""),
      headers: textsIn(parameters["headers"]),
      body: parameters["body"],
      timeoutMs,
      idempotencyKey: taskId,
      traceparent: traceparentOf(state.id, event.attemptId),
      success: { status: work.success },
    });
  }
  return deps.calls.tool({
    agentId: event.agentId ?? "",
    toolName: work.type === "tool" ? work.tool : "",
    arguments: parameters,
    sessionId: state.id,
    taskId,
    attemptId: event.attemptId,
    timeoutMs,
  });
};

/**
 * Makes one requested call and tells the session what became of it. Only the invocation that committed the request
 * calls this, within the lease; if it dies, the lease runs out and the same call is made again.
 */
export const makeCall = async (deps: Deps, making: Requested<CallRequested>, endCall: EndCallOf): Promise<void> => {
  const { state, event } = making;
  const outcome = await outcomeOf(deps, making);
  deps.log.log("debug", "call", { attempt: event.attemptId, outcome: outcome.kind });
  const result: CallResult =
    outcome.kind === "answered"
      ? { kind: "completed", output: outcome.output }
      : {
          kind: "failed",
          error: { code: outcome.code, message: outcome.message },
          retryable: outcome.retryable,
          retryAfterMs: outcome.retryAfterMs,
        };
  return endCall(state.id, event.n, event.attempt, result);
};

/** Refusals of a start are the child's failure; trouble of ours is for the next try. */
const refusalOf = (error: unknown): CallResult | null =>
  error instanceof OpsError && !error.retryable
    ? { kind: "failed", error: { code: error.code, message: error.message }, retryable: false, retryAfterMs: null }
    : null;

/** Starts one requested child session; starting it again finds it there. */
export const startChild = async (
  { state, event, work, parameters }: Requested<ChildRequested>,
  start: StartOf,
  endCall: EndCallOf,
): Promise<void> => {
  if (work.type !== "workflow") return;
  const parent = { sessionId: state.id, n: event.n, attempt: event.attempt, depth: (state.parent?.depth ?? 0) + 1 };
  try {
    await start({
      definition: { kind: "saved", workflowId: work.workflowId, revision: work.revision },
      agentId: state.home,
      input: parameters,
      idempotency: null,
      child: { sessionId: event.sessionId, parent },
    });
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === null) throw error;
    await endCall(state.id, event.n, event.attempt, refusal);
  }
};
