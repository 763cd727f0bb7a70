import type { TaskCaller } from "../app/call-port.ts";
import type { EgressPolicy } from "./egress.ts";
import type { HttpCall } from "./http-call.ts";
import { callHttpTask } from "./http-task.ts";
import { createRedaction } from "./secrets.ts";
import { callTool } from "./tool-call.ts";

export interface TaskCallerOptions {
  readonly call: HttpCall;
  /** Ends in `/v1`, no slash after it. */
  readonly agentKitUrl: string;
  readonly agentKitApiKey: string | null;
  readonly egress: EgressPolicy;
  /** By the names that definitions use. */
  readonly secrets: ReadonlyMap<string, string>;
  /** Epoch milliseconds, to read a `Retry-After` that is a date. */
  readonly now: () => number;
}

export const createTaskCaller = (options: TaskCallerOptions): TaskCaller => {
  const { secrets, agentKitApiKey } = options;
  const redaction = createRedaction([...secrets.values(), ...(agentKitApiKey === null ? [] : [agentKitApiKey])]);
  const parts = { ...options, redaction };
  return {
    http: (request) => callHttpTask(request, parts),
    tool: (request) => callTool(request, parts),
  };
};
