import {
  completeByHandSchema,
  decideSchema,
  failByHandSchema,
  pauseSchema,
  resumeSchema,
  retryNowSchema,
  signalSchema,
  skipSchema,
} from "../control.ts";
import { operation, type RequestBody } from "./operation.ts";
import { SESSION, TASK } from "./samples.ts";

const path = { sessionId: SESSION };

/** What a person says about one task. */
const aboutTask = (
  operationId: string,
  words: readonly [summary: string, description: string],
  body: Pick<RequestBody, "schema" | "example">,
  task = "draft",
) =>
  operation(operationId, "Control", "sessions:write", words, {
    path: { ...path, task },
    idempotent: true,
    body: { ...body, required: false },
    answer: { sessionId: SESSION, taskId: task, id: TASK, status: "running" },
  });

/** How people steer a session: 202 did it, 200 was so before. */
export const controlOperations = {
  "POST /v1/opscore/sessions/{sessionId}/pause": operation(
    "pauseSession",
    "Control",
    "sessions:write",
    ["Pause a session", "Attempts in flight may end, nothing new begins; deadlines wait as long."],
    {
      path,
      idempotent: true,
      body: { schema: pauseSchema, required: false, example: { reason: "the printer is down" } },
      answer: { sessionId: SESSION, status: "paused" },
    },
  ),
  "POST /v1/opscore/sessions/{sessionId}/resume": operation(
    "resumeSession",
    "Control",
    "sessions:write",
    ["Resume a session", "A paused session goes on."],
    {
      path,
      idempotent: true,
      body: { schema: resumeSchema, required: false, example: {} },
      answer: { sessionId: SESSION, status: "running" },
    },
  ),
  "POST /v1/opscore/sessions/{sessionId}/signals/{name}": operation(
    "signalSession",
    "Control",
    "sessions:write",
    ["Send a signal", "Hands a signal to the task that waits for it, or keeps it for the one that will (100 at most)."],
    {
      path: { ...path, name: "paid" },
      idempotent: true,
      body: { schema: signalSchema, required: false, example: { payload: { amount: 12 } } },
      answer: { sessionId: SESSION, signal: "paid", status: "running" },
    },
  ),
  "POST /v1/opscore/sessions/{sessionId}/tasks/{task}/retry": aboutTask(
    "retryTask",
    [
      "Retry a task now",
      "Does not wait for the next attempt any longer, or gives one more. It is another attempt each time: always 202.",
    ],
    { schema: retryNowSchema, example: {} },
  ),
  "POST /v1/opscore/sessions/{sessionId}/tasks/{task}/skip": aboutTask(
    "skipTask",
    ["Skip a task", "The task is left out, and what comes after it goes on."],
    { schema: skipSchema, example: {} },
  ),
  "POST /v1/opscore/sessions/{sessionId}/tasks/{task}/complete": aboutTask(
    "completeTaskByHand",
    ["Complete a task by hand", "The task counts as done, with the output that a person gives."],
    { schema: completeByHandSchema, example: { output: "written by hand" } },
  ),
  "POST /v1/opscore/sessions/{sessionId}/tasks/{task}/fail": aboutTask(
    "failTaskByHand",
    ["Fail a task by hand", "The task fails for good, with the error that a person gives."],
    { schema: failByHandSchema, example: { error: { code: "operator", message: "The source is gone." } } },
  ),
  "POST /v1/opscore/sessions/{sessionId}/tasks/{task}/approve": aboutTask(
    "approveTask",
    ["Approve", "An approval that waits is given."],
    { schema: decideSchema, example: { by: "ada", comment: "fine" } },
    "sign_off",
  ),
  "POST /v1/opscore/sessions/{sessionId}/tasks/{task}/reject": aboutTask(
    "rejectTask",
    ["Reject", "An approval that waits is refused: the task fails with the code `rejected`."],
    { schema: decideSchema, example: { by: "ada", comment: "too long" } },
    "sign_off",
  ),
};
