import type { CallOutcome, ToolTaskRequest } from "../app/call-port.ts";
import type { Json } from "../core/json.ts";
import { clipped, isRecord, jsonOf, type HttpAnswer } from "./answer.ts";
import {
  answeredWith,
  boundedTimeout,
  failure,
  kept,
  MAX_OUTPUT_BYTES,
  refusedWith,
  spoilt,
  unanswered,
  unfilled,
} from "./call-outcome.ts";
import type { HttpCall } from "./http-call.ts";
import { startFilling, type Redaction } from "./secrets.ts";

export interface ToolCallParts {
  readonly call: HttpCall;
  /** Ends in `/v1`, no slash after it. */
  readonly agentKitUrl: string;
  readonly agentKitApiKey: string | null;
  readonly secrets: ReadonlyMap<string, string>;
  readonly redaction: Redaction;
  readonly now: () => number;
}

/** Has AgentKit run a tool, once, and takes its answer for the result. */
export const callTool = async (task: ToolTaskRequest, parts: ToolCallParts): Promise<CallOutcome> => {
  const filling = startFilling(parts.secrets);
  const given = filling.json(task.arguments);
  if (filling.trouble !== null) return unfilled(filling.trouble);
  const outcome = await parts.call({
    url: `${parts.agentKitUrl}/agents/${encodeURIComponent(task.agentId)}/run`,
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/json",
      "accept-encoding": "identity",
      "user-agent": "ops-core",
      "idempotency-key": task.taskId,
      ...(parts.agentKitApiKey === null ? {} : { authorization: `Bearer ${parts.agentKitApiKey}` }),
    },
    body: JSON.stringify({
      senderId: "opscore_system_id",
      messageType: "tool_invocation",
      payload: { tool_name: task.toolName, arguments: given },
      sessionContext: { sessionId: task.sessionId, priorMessages: [] },
      opscore_session_id: task.sessionId,
      opscore_task_id: task.attemptId,
    }),
    timeoutMs: boundedTimeout(task.timeoutMs),
    maxBytes: MAX_OUTPUT_BYTES,
  });
  const who = `AgentKit at ${clipped(new URL(parts.agentKitUrl).origin, 120)}`;
  if (outcome.kind !== "answer") return unanswered(outcome, who);
  const body = parts.redaction.json(jsonOf(outcome));
  if (outcome.status < 200 || outcome.status > 299) return refused(outcome, body, who, parts);
  return spoilt(outcome, who) ?? resultIn(body, who);
};

/** AgentKit says 202 for a tool that has failed, too; `status` in the body is what counts. */
const resultIn = (body: Json, who: string): CallOutcome => {
  const data = isRecord(body) ? body["data"] : undefined;
  if (!isRecord(body) || (body["status"] !== "success" && body["status"] !== "error")) {
    const answer = kept(body);
    return failure("tool_failed", `${who} answered what is no result of a tool`, { sent: true, answer });
  }
  if (body["status"] === "error") {
    const { error_code: code, message } = body;
    const told = isRecord(data) && typeof data["error_message"] === "string" ? data["error_message"] : message;
    return failure(
      typeof code === "string" && /^[A-Za-z][A-Za-z0-9_.:-]{0,63}$/.test(code) ? code : "tool_failed",
      typeof told === "string" && told.trim() !== "" ? told : "the tool failed and did not say why",
      { sent: true, retryable: true, answer: kept(body) },
    );
  }
  if (!isRecord(data)) return answeredWith(data ?? null, who);
  if (data["dispatch_status"] !== undefined && data["result"] === undefined) {
    const message = `${who} took the call of a tool for a task: its result will never come`;
    return failure("tool_failed", message, { sent: true, answer: kept(body) });
  }
  return answeredWith(Object.hasOwn(data, "result") ? (data["result"] ?? null) : data, who);
};

/** FastAPI's `detail`; the status is the tool's own, passed through, unless it is AgentKit that does not know. */
const refused = (answer: HttpAnswer, body: Json, who: string, { redaction, now }: ToolCallParts): CallOutcome => {
  const { message, ...rest } = refusedWith(answer, who, now(), redaction);
  const more = { ...rest, answer: kept(body) };
  const detail = isRecord(body) && typeof body["detail"] === "string" ? body["detail"] : "";
  if (answer.status === 404 && /^Agent with ID .* not found/.test(detail)) {
    // Its registry is in memory: after a restart agents come back, under new ids.
    return failure("agent_unknown", message, { ...more, retryable: true });
  }
  if (answer.status === 404 && /^Tool .* not found in registry/.test(detail))
    return failure("tool_unknown", message, more);
  if (answer.status >= 300 && answer.status < 400) return failure("redirect", message, more);
  return failure("tool_failed", message, more);
};
