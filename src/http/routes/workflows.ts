import type { Context, Hono } from "hono";
import type * as z from "zod";
import type { Deps } from "../../app/deps.ts";
import { testWorkflow, type TestRequest } from "../../app/dry-run/test-workflow.ts";
import { OpsError } from "../../app/ops-error.ts";
import { listDefinitions, readDefinition, saveDefinition, validateDefinition } from "../../app/workflow-definitions.ts";
import type { WorkflowDetailAnswer, WorkflowValidAnswer } from "../../contract/answers/workflow.ts";
import { dryRunSchema } from "../../contract/dry-run.ts";
import { YAML_TYPES } from "../../contract/operations/workflows.ts";
import { pageQuery } from "../../contract/pages.ts";
import type { Fault } from "../../contract/problem.ts";
import { revisionQuery } from "../../contract/queries.ts";
import { parseYaml, placeFaults } from "../body/yaml.ts";
import { operatorCause, pathId } from "../cause.ts";
import { pageAnswer, pageRequest } from "../cursor.ts";
import { dryRunToWire } from "../dry-run-wire.ts";
import type { AppEnv } from "../env.ts";
import { keyed } from "../idempotency.ts";
import { bodyLimits, mediaTypeOf, parseJson, readBody, readJson } from "../middleware/body.ts";
import { noQuery, query } from "../middleware/query.ts";
import { definitionToWire, jsonObject } from "../wire.ts";

/** A cursor: when the newest revision was saved, and the id. */
const PLACE = /^[0-9]{1,15}\.[A-Za-z0-9][A-Za-z0-9._~:-]{0,127}$/;

/** The document in a body and, for YAML, where in the text each fault stands. */
const readDocument = (bytes: Uint8Array, isYaml: boolean): { value: unknown; locate: (fault: Fault) => Fault } => {
  if (!isYaml) return { value: parseJson(bytes), locate: (fault) => fault };
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new OpsError("malformed_yaml", "The text is not UTF-8", { cause });
  }
  const yaml = parseYaml(text);
  if (yaml.ok) return { value: yaml.value, locate: (fault) => placeFaults([fault], yaml)[0] ?? fault };
  const place =
    yaml.line === undefined ? {} : { line: yaml.line, ...(yaml.column === undefined ? {} : { column: yaml.column }) };
  const where = yaml.line === undefined ? "" : ` (line ${yaml.line}, column ${yaml.column ?? 1})`;
  throw new OpsError("malformed_yaml", `${yaml.message}${where}`, {
    errors: [{ pointer: "", code: "malformed_yaml", message: yaml.message, ...place }],
  });
};

/** The document that a request brings, as JSON or YAML. */
const readBodyDocument = async (c: Context<AppEnv>) => {
  const type = mediaTypeOf(c);
  const isYaml = YAML_TYPES.some((yaml) => yaml === type);
  const maxBytes = isYaml ? bodyLimits.yaml : bodyLimits.definition;
  const bytes = await readBody(c, { maxBytes, types: ["application/json", ...YAML_TYPES] });
  return { bytes, ...readDocument(bytes, isYaml) };
};

const testRequest = (workflowId: string, body: z.output<typeof dryRunSchema>): TestRequest => ({
  workflowId,
  definition:
    body.workflowDefinition === undefined
      ? { kind: "saved", revision: body.revision ?? null }
      : { kind: "inline", document: body.workflowDefinition },
  agentId: body.agentId ?? null,
  input: jsonObject(body.initialPayload),
  mocks: body.mocks,
  startAt: body.startAt ?? null,
});

export const workflowRoutes = (app: Hono<AppEnv>, deps: Deps): void => {
  app.post("/v1/opscore/workflows", noQuery, async (c) => {
    const { bytes, value, locate } = await readBodyDocument(c);
    return keyed(c, { deps, bytes }, async (claim) => {
      const { created, ...record } = await saveDefinition(
        deps,
        value,
        locate,
        operatorCause(c, "SaveWorkflow", "saveWorkflow"),
        claim,
      );
      c.header("Location", `/v1/opscore/workflows/${record.workflowId}?revision=${record.revision}`);
      return c.json(definitionToWire(record), created ? 201 : 200);
    });
  });

  app.post("/v1/opscore/workflows/validate", noQuery, async (c) => {
    const { value, locate } = await readBodyDocument(c);
    return c.json({ valid: true, ...validateDefinition(value, locate) } satisfies WorkflowValidAnswer);
  });

  app.post("/v1/opscore/workflows/:workflowId/test", noQuery, async (c) => {
    const body = await readJson(c, dryRunSchema, { maxBytes: bodyLimits.other, emptyAs: {} });
    return c.json(dryRunToWire(await testWorkflow(deps, testRequest(pathId(c, "workflowId"), body))));
  });

  app.get("/v1/opscore/workflows", query(pageQuery), async (c) => {
    const page = pageRequest(c.req.valid("query"), PLACE);
    return c.json(pageAnswer(await listDefinitions(deps, page), definitionToWire));
  });

  app.get("/v1/opscore/workflows/:workflowId", query(revisionQuery), async (c) => {
    const { revision } = c.req.valid("query");
    const { record, definition } = await readDefinition(
      deps,
      pathId(c, "workflowId"),
      revision === undefined ? null : Number(revision),
    );
    return c.json({ ...definitionToWire(record), definition } satisfies WorkflowDetailAnswer);
  });
};
