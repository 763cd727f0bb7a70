import { lookup } from "node:dns";
import { createAgentGateway, type AgentGatewayOptions } from "../../src/agentkit/gateway.ts";
import { createUndiciCall } from "../../src/agentkit/undici-call.ts";
import type { AgentGateway, TaskMessage } from "../../src/app/ports.ts";

export const message: TaskMessage = {
  senderId: "opscore_system_id",
  timestamp: "2026-01-02T03:04:05.678Z",
  messageType: "workflow_task",
  payload: { task_name: "First Step", task_parameters: { text: "café 🤖" }, attempt: 1 },
  sessionContext: { sessionId: "ses_1", priorMessages: [] },
  task_name: "First Step",
  opscore_session_id: "ses_1",
  opscore_task_id: "tsk_1.1:1",
};

/** The real gateway over the real call, with limits short enough for tests. */
export const gateway = (agentKitHost: string, options: Partial<AgentGatewayOptions> = {}): AgentGateway =>
  createAgentGateway({
    call: createUndiciCall({ connectTimeoutMs: 300, resolve: lookup }),
    agentKitUrl: `http://${agentKitHost}/v1`,
    mode: "auto",
    egress: "local",
    timeoutMs: 400,
    ...options,
  });
