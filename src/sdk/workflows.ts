import type { DryRunAnswer } from "../contract/answers/dry-run.ts";
import type { WorkflowAnswer, WorkflowDetailAnswer, WorkflowValidAnswer } from "../contract/answers/workflow.ts";
import type { WorkflowDefinition } from "./definition.ts";
import type { DryRun } from "./inputs.ts";
import type { CallOptions, KeyedOptions } from "./options.ts";
import { pagedBy, type Paged, type PageQuery } from "./pages.ts";
import type { Transport } from "./transport.ts";

/** Workflow definitions and their revisions. A definition that is a text is YAML. */
export interface Workflows {
  /** Saves a definition: a new revision, or the one there is if nothing has changed. One with faults is `invalid_definition`. */
  save(definition: WorkflowDefinition | string, options?: KeyedOptions): Promise<WorkflowAnswer>;
  /** Checks a definition without saving it. Faults are the error `invalid_definition`, with all of them in `errors`. */
  validate(definition: WorkflowDefinition | string, options?: CallOptions): Promise<WorkflowValidAnswer>;
  /** The newest revision of each, the newest first. */
  list(query?: PageQuery, options?: CallOptions): Paged<WorkflowAnswer>;
  /** A revision with its content; the newest unless another is named. */
  get(workflowId: string, query?: { readonly revision?: number }, options?: CallOptions): Promise<WorkflowDetailAnswer>;
  /** Runs a workflow against mocks, in virtual time: no agent is asked and nothing is written. */
  test(workflowId: string, dryRun?: DryRun, options?: CallOptions): Promise<DryRunAnswer>;
}

const mediaType = (definition: WorkflowDefinition | string): string =>
  typeof definition === "string" ? "application/yaml" : "application/json";

/** @internal */
export const workflowsOf = ({ send }: Transport): Workflows => ({
  save: (body, options) =>
    send("POST /v1/opscore/workflows", { repeat: "keyed", body, mediaType: mediaType(body), options }),
  validate: (body, options) =>
    send("POST /v1/opscore/workflows/validate", { repeat: "read", body, mediaType: mediaType(body), options }),
  list: (page = {}, options) =>
    pagedBy(
      (query, callOptions) => send("GET /v1/opscore/workflows", { repeat: "read", query, options: callOptions }),
      page,
      options,
    ),
  get: (workflowId, query = {}, options) =>
    send("GET /v1/opscore/workflows/{workflowId}", { repeat: "read", path: { workflowId }, query, options }),
  test: (workflowId, body = {}, options) =>
    send("POST /v1/opscore/workflows/{workflowId}/test", { repeat: "read", path: { workflowId }, body, options }),
});
