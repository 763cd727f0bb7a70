import { dryRunSchema } from "../dry-run.ts";
import { pageQuery } from "../pages.ts";
import { revisionQuery } from "../queries.ts";
import { workflowSchema } from "../workflow.ts";
import { operation } from "./operation.ts";
import { definition, logRow, pageWith, session, STARTED_AT, workflow } from "./samples.ts";

/** Under any of these names a body is YAML. */
export const YAML_TYPES = ["application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml"] as const;

const path = { workflowId: "report" };
const body = {
  name: "WorkflowDefinition",
  schema: workflowSchema,
  mediaTypes: ["application/json", ...YAML_TYPES],
  example: definition,
};

/** Definitions of workflows. */
export const workflowOperations = {
  "POST /v1/opscore/workflows": operation(
    "saveWorkflow",
    "Workflows",
    "workflows:write",
    [
      "Save a workflow definition",
      "Saves a definition, as JSON or YAML, as the next revision (201); the content of the newest revision again changes nothing (200). All faults come at once.",
    ],
    { body, idempotent: true, headers: ["Location"], answer: workflow },
  ),
  "POST /v1/opscore/workflows/validate": operation(
    "validateWorkflow",
    "Workflows",
    "workflows:read",
    ["Check a workflow definition", "The checks of `saveWorkflow`, without saving anything."],
    { body, answer: { valid: true, workflowId: "report", tasks: 2, warnings: [] } },
  ),
  "POST /v1/opscore/workflows/{workflowId}/test": operation(
    "testWorkflow",
    "Workflows",
    "workflows:read",
    [
      "Run a workflow against mocks",
      "Carries a definition out in virtual time against the mocks that come along; nothing is stored and nobody is called.",
    ],
    {
      path,
      body: {
        schema: dryRunSchema,
        required: false,
        example: { initialPayload: { topic: "tides" }, mocks: { draft: { output: "…" } } },
      },
      answer: {
        workflowId: "report",
        revision: 1,
        status: "completed",
        reason: null,
        startedAt: STARTED_AT,
        endedAt: STARTED_AT,
        elapsedMs: 0,
        stopped: null,
        session: { ...session, status: "completed", reason: null, waitingFor: null, endedAt: STARTED_AT, tasks: [] },
        log: [logRow],
        warnings: [],
        defaulted: ["polish"],
        unused: [],
        truncated: null,
      },
    },
  ),
  "GET /v1/opscore/workflows": operation(
    "listWorkflows",
    "Workflows",
    "workflows:read",
    ["List workflow definitions", "The newest revision of each definition, the one saved last first."],
    { query: pageQuery, answer: pageWith(workflow) },
  ),
  "GET /v1/opscore/workflows/{workflowId}": operation(
    "getWorkflow",
    "Workflows",
    "workflows:read",
    ["Read a workflow definition", "A revision with its content, as its author wrote it."],
    {
      path,
      query: revisionQuery,
      exampleQuery: { revision: "1" },
      headers: ["ETag"],
      answer: { ...workflow, definition },
    },
  ),
};
