import { noParameters, pageQuery } from "../pages.ts";
import { sessionCountsQuery, sessionPageQuery } from "../queries.ts";
import { cancelSchema, startSchema } from "../requests.ts";
import { bulkSchema, rerunSchema } from "../reruns.ts";
import { operation } from "./operation.ts";
import { logRow, pageWith, RERUN, SESSION, session, task } from "./samples.ts";

const path = { sessionId: SESSION };

/** Runs of workflows. */
export const sessionOperations = {
  "POST /v1/opscore/sessions": operation(
    "startSession",
    "Sessions",
    "sessions:write",
    [
      "Start a session",
      "Starts a saved workflow (`workflowDefinitionId`), or one that comes with the request (`workflowDefinition`; that needs the scope `workflows:write` as well). Under an `Idempotency-Key` the same body again gets the same session.",
    ],
    {
      idempotent: true,
      body: {
        schema: startSchema,
        example: { workflowDefinitionId: "report", initialPayload: { topic: "tides" } },
      },
      headers: ["Location"],
      answer: { sessionId: SESSION, workflowId: "report" },
    },
  ),
  "GET /v1/opscore/sessions": operation(
    "listSessions",
    "Sessions",
    "sessions:read",
    ["List sessions", "Sessions that pass all of the filters, newest first."],
    { query: sessionPageQuery, exampleQuery: { status: "open", workflowId: "report" }, answer: pageWith(session) },
  ),
  "GET /v1/opscore/sessions/counts": operation(
    "countSessions",
    "Sessions",
    "sessions:read",
    ["Count sessions", "How many sessions pass the filters, by status."],
    {
      query: sessionCountsQuery,
      exampleQuery: { workflowId: "report" },
      answer: {
        data: { started: 0, running: 2, waiting: 1, paused: 0, completed: 40, failed: 1, cancelled: 0 },
        total: 44,
        exact: true,
      },
    },
  ),
  "GET /v1/opscore/sessions/{sessionId}": operation(
    "getSession",
    "Sessions",
    "sessions:read",
    ["Read a session", "How a session stands and why, with its tasks, their attempts and outputs."],
    { path, headers: ["ETag"], answer: { ...session, tasks: [task] } },
  ),
  "GET /v1/opscore/sessions/{sessionId}/log": operation(
    "listSessionLog",
    "Sessions",
    "sessions:read",
    [
      "Read a session's log",
      "All that happened in a session, row by row from the first; each row is chained to the one before.",
    ],
    { path, query: pageQuery, answer: pageWith(logRow) },
  ),
  "POST /v1/opscore/sessions/{sessionId}/cancel": operation(
    "cancelSession",
    "Sessions",
    "sessions:write",
    ["Cancel a session", "Ends a session and what is open in it: 202, or 200 if it was cancelled before."],
    {
      path,
      idempotent: true,
      body: { schema: cancelSchema, required: false, example: { reason: "no longer needed" } },
      answer: { sessionId: SESSION, status: "cancelled" },
    },
  ),
  "POST /v1/opscore/sessions/{sessionId}/rerun": operation(
    "rerunSession",
    "Sessions",
    "sessions:write",
    [
      "Run a session again",
      "Starts a new session of the very same definition once a session has ended, as a whole or from a task.",
    ],
    {
      path,
      idempotent: true,
      body: { schema: rerunSchema, required: false, example: { fromTaskId: "polish", reason: "a better model" } },
      headers: ["Location"],
      answer: { sessionId: RERUN, workflowId: "report", message: `Session ${SESSION} is run again from "polish".` },
    },
  ),
  "POST /v1/opscore/sessions/bulk": operation(
    "changeSessions",
    "Sessions",
    "sessions:write",
    [
      "Cancel or rerun many sessions",
      "Does one thing to the sessions that pass a filter, at most 100 a call; with `dryRun` it says which they would be.",
    ],
    {
      query: noParameters,
      idempotent: true,
      body: { schema: bulkSchema, example: { action: "rerun", filter: { status: "failed", workflowId: "report" } } },
      answer: { done: [{ sessionId: SESSION, newSessionId: RERUN }], skipped: [], nextCursor: null },
    },
  ),
};
