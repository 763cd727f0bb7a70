import { answersByOperation, type OperationAnswers } from "../../contract/answers/by-operation.ts";
import { TAGS, type Operation } from "../../contract/operations/operation.ts";
import { operations } from "../../contract/operations/table.ts";
import { operationObject } from "./operation-object.ts";
import { createSchemaComponents } from "./schema-components.ts";
import { deprecationHeaders, securitySchemes, sharedHeaders, sharedParameters } from "./shared-parts.ts";
import type { OpenApiDocument, OperationObject } from "./types.ts";

/** The version of the API: that of the package. */
export const API_VERSION = "0.1.0";

const description = [
  "The operational backbone for fleets of AI agents: registry, durable workflows, and a plain account of what is happening.",
  "A 2xx means committed. Errors are `application/problem+json` with a `code` from a closed list; `detail` is a string, `errors` has all faults at once. An unknown query parameter is 400, an unknown member of a body 422 (but `x-…`).",
  "Lists answer `{data, nextCursor}`; `nextCursor` is sent back as `cursor`, and only `null` is the end. `HEAD` is answered as `GET`, without a body.",
  "State reports, the webhook and settle calls are idempotent by content; all other changes by POST honour an `Idempotency-Key`; what only asks has no use for one.",
].join("\n\n");

/** The description of these operations: OpenAPI 3.1, from the schemas that validate. Costs some tens of milliseconds: keep it. */
export const openApiDocument = (
  table: Readonly<Record<string, Operation>> = operations,
  answers: Readonly<Record<string, OperationAnswers>> = answersByOperation,
): OpenApiDocument => {
  const schemas = createSchemaComponents();
  const paths: Record<string, Record<string, OperationObject>> = {};
  for (const [name, operation] of Object.entries(table)) {
    const [method = "", path = ""] = name.split(" ");
    const described = answers[name];
    if (described === undefined) throw new Error(`${name} has no answers`);
    (paths[path] ??= {})[method.toLowerCase()] = operationObject(path, operation, described, schemas);
  }
  return {
    openapi: "3.1.1",
    info: {
      title: "Ops-Core",
      version: API_VERSION,
      description,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/", description: "This server." }],
    tags: Object.entries(TAGS).map(([name, words]) => ({ name, description: words })),
    paths,
    components: {
      schemas: schemas.all(),
      parameters: sharedParameters,
      headers: Object.values(table).some(({ deprecated }) => deprecated !== undefined)
        ? { ...sharedHeaders, ...deprecationHeaders }
        : sharedHeaders,
      securitySchemes,
    },
  };
};
