import { pageQuery } from "../pages.ts";
import { notifySchema, putAgentSchema, stateReportSchema, triggerSchema } from "../requests.ts";
import { operation } from "./operation.ts";
import { agent, pageWith, registration, SESSION } from "./samples.ts";

const path = { agentId: "writer-1" };
const report = {
  agentId: "writer-1",
  timestamp: "2026-11-22T08:00:05.000001+00:00",
  state: "idle",
  details: { opscore_task_id: "tsk_0001M8149T005WFVAED5FS98FYCY.1:1", result: { words: 120 } },
};

/** The registry, and what the first Ops-Core offered. The latter takes no notice of the query, as it always did. */
export const agentOperations = {
  "POST /v1/opscore/internal/agent/notify": operation(
    "notifyAgent",
    "Agents",
    null,
    [
      "Take AgentKit's webhook",
      "AgentKit says that an agent was registered (`REGISTER`) or removed (`DEREGISTER`). Signed with the shared secret; idempotent by content.",
    ],
    {
      auth: "signature",
      query: null,
      body: {
        schema: notifySchema,
        example: { event_type: "REGISTER", agent_details: { agentId: "writer-1", ...registration } },
      },
      answer: { status: "success", message: "Agent writer-1 registered successfully." },
    },
  ),
  "POST /v1/opscore/agent/{agentId}/state": operation(
    "reportAgentState",
    "Agents",
    "state:write",
    [
      "Report an agent's state",
      "What an agent says of itself and of the task it names in `details.opscore_task_id`. Unknown members are ignored; a repeat of the same report changes nothing and gets the same answer.",
    ],
    {
      path,
      query: null,
      body: { schema: stateReportSchema, example: report },
      answer: { status: "success", message: "State update accepted" },
    },
  ),
  "GET /v1/opscore/agent/{agentId}/state": operation(
    "getAgentState",
    "Agents",
    "agents:read",
    ["Read an agent's newest state", "The newest report of an agent, exactly as it sent it."],
    {
      path,
      query: null,
      headers: ["ETag"],
      answer: { agentId: "writer-1", state: "idle", details: report.details, timestamp: report.timestamp },
    },
  ),
  "POST /v1/opscore/agent/{agentId}/workflow": operation(
    "triggerWorkflow",
    "Agents",
    "sessions:write",
    [
      "Start a session for an agent",
      "Starts a saved workflow, or one that comes with the request (which needs the scope `workflows:write` as well), with this agent as its home. `startSession` does the same and more.",
    ],
    {
      path,
      query: null,
      idempotent: true,
      body: {
        schema: triggerSchema,
        example: { workflowDefinitionId: "report", initialPayload: { topic: "tides" } },
      },
      answer: { sessionId: SESSION, workflowId: "report", message: "Workflow triggered successfully" },
    },
  ),
  "GET /v1/opscore/agents": operation(
    "listAgents",
    "Agents",
    "agents:read",
    ["List agents", "All agents that are known, newest first."],
    { query: pageQuery, exampleQuery: { limit: "20" }, answer: pageWith(agent) },
  ),
  "GET /v1/opscore/agents/{agentId}": operation(
    "getAgent",
    "Agents",
    "agents:read",
    ["Read an agent", "An agent as it is registered, as it reports itself, and whether it can take a task now."],
    { path, headers: ["ETag"], answer: agent },
  ),
  "PUT /v1/opscore/agents/{agentId}": operation(
    "putAgent",
    "Agents",
    "agents:write",
    [
      "Register an agent",
      "Makes an agent known (201) or replaces its registration (200). Accepting an endpoint is not calling it.",
    ],
    { path, body: { schema: putAgentSchema, example: registration }, answer: agent },
  ),
  "GET /v1/opscore/agents/{agentId}/history": operation(
    "listAgentReports",
    "Agents",
    "agents:read",
    ["List an agent's reports", "What an agent has reported, newest first, and what came of it."],
    {
      path,
      query: pageQuery,
      answer: pageWith({
        state: "idle",
        details: report.details,
        timestamp: report.timestamp,
        receivedAt: "2026-11-22T08:00:05.010Z",
        taskAttemptId: report.details.opscore_task_id,
      }),
    },
  ),
};
