import { taskPageQuery } from "../queries.ts";
import { beatSchema, completeSchema, failSchema } from "../requests.ts";
import { cancelTaskSchema, singleTaskSchema } from "../single-task.ts";
import { operation, type RequestBody } from "./operation.ts";
import { ATTEMPT, pageWith, SESSION, TASK, task, taskSummary } from "./samples.ts";

const IDEMPOTENT = "The same call again gets the same answer; another outcome is 409.";

/** What an agent says about its attempt. */
const settle = (
  operationId: string,
  words: readonly [summary: string, description: string],
  body: Pick<RequestBody, "schema" | "example" | "required">,
  status: "running" | "completed" | "failed",
) =>
  operation(operationId, "Tasks", "tasks:write", words, {
    path: { attemptId: ATTEMPT },
    body,
    answer: { taskId: "draft", id: TASK, attempt: 1, status },
  });

/** Tasks: listed, enqueued alone, settled by their agents. */
export const taskOperations = {
  "GET /v1/opscore/tasks": operation(
    "listTasks",
    "Tasks",
    "sessions:read",
    ["List tasks", "Open tasks over all sessions, or with `sessionId` all tasks of one session."],
    { query: taskPageQuery, exampleQuery: { status: "failed", sessionId: SESSION }, answer: pageWith(taskSummary) },
  ),
  "POST /v1/opscore/tasks": operation(
    "enqueueTask",
    "Tasks",
    "sessions:write",
    [
      "Enqueue a single task",
      "One task for an agent or a capability, without a workflow: now, after a `delay`, or `at` an instant.",
    ],
    {
      idempotent: true,
      body: {
        schema: singleTaskSchema,
        example: { agentCapability: "write", parameters: { topic: "tides" }, delay: "10m" },
      },
      headers: ["Location"],
      answer: { id: TASK, sessionId: SESSION },
    },
  ),
  "GET /v1/opscore/tasks/{id}": operation(
    "getTask",
    "Tasks",
    "sessions:read",
    ["Read a task", "A task of any session, with its attempts."],
    { path: { id: TASK }, headers: ["ETag"], answer: { ...task, sessionId: SESSION, workflowId: "report" } },
  ),
  "POST /v1/opscore/tasks/{id}/cancel": operation(
    "cancelTask",
    "Tasks",
    "sessions:write",
    [
      "Cancel a single task",
      "202, or 200 if it was cancelled before. A task of a workflow goes with its session: 409.",
    ],
    {
      path: { id: TASK },
      idempotent: true,
      body: { schema: cancelTaskSchema, required: false, example: { reason: "no longer needed" } },
      answer: { id: TASK, status: "cancelled" },
    },
  ),
  "POST /v1/opscore/tasks/{attemptId}/complete": settle(
    "completeTask",
    ["Complete an attempt", `The agent is done; \`output\` is its result. ${IDEMPOTENT}`],
    { schema: completeSchema, required: false, example: { output: { words: 120 }, usage: { tokens: 900 } } },
    "completed",
  ),
  "POST /v1/opscore/tasks/{attemptId}/fail": settle(
    "failTask",
    ["Fail an attempt", `The agent could not do it. ${IDEMPOTENT}`],
    {
      schema: failSchema,
      required: true,
      example: { error: { code: "no_source", message: "Nothing was found.", retryable: true } },
    },
    "failed",
  ),
  "POST /v1/opscore/tasks/{attemptId}/heartbeat": settle(
    "heartbeatTask",
    ["Say that an attempt goes on", "The agent still works on it; `progress` is shown to people until the next one."],
    { schema: beatSchema, required: false, example: { progress: { done: 3, of: 10 } } },
    "running",
  ),
};
