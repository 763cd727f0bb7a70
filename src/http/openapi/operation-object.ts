import type { OperationAnswers } from "../../contract/answers/by-operation.ts";
import type { Operation } from "../../contract/operations/operation.ts";
import { idSchema } from "../../contract/ids.ts";
import { problemSchema, statusOf, titleOf, type ErrorCode } from "../../contract/problem.ts";
import type { SchemaComponents } from "./schema-components.ts";
import type { deprecationHeaders, sharedHeaders, sharedParameters } from "./shared-parts.ts";
import type { MediaType, OperationObject, Parameter, ResponseObject } from "./types.ts";

const STATUS_WORDS: Readonly<Record<string, string>> = {
  200: "Done.",
  201: "Made.",
  202: "Accepted and committed.",
  204: "Done; there is nothing to show.",
  304: "Nothing has changed since the answer with that `ETag`.",
};

const headerRefs = (
  names: readonly (keyof typeof sharedHeaders | keyof typeof deprecationHeaders)[],
): ResponseObject["headers"] =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));

const parameterRef = (name: keyof typeof sharedParameters) => ({ $ref: `#/components/parameters/${name}` });

const parametersOf = (path: string, operation: Operation, schemas: SchemaComponents): OperationObject["parameters"] => {
  const { example } = operation;
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]): Parameter => {
    const sample = example.path[name];
    return {
      name,
      in: "path",
      required: true,
      description: `The ${name}.`,
      schema: schemas.answer(idSchema),
      ...(sample === undefined ? {} : { example: sample }),
    };
  });
  const asked = operation.query === null ? {} : schemas.parameters(operation.query);
  const inQuery = Object.entries(asked).map(([name, { description, ...schema }]): Parameter => {
    const sample = example.query[name];
    return {
      name,
      in: "query",
      required: false,
      description: typeof description === "string" ? description : "",
      schema,
      ...(sample === undefined ? {} : { example: sample }),
    };
  });
  return [
    ...inPath,
    ...inQuery,
    ...(operation.idempotent ? [parameterRef("IdempotencyKey")] : []),
    ...(operation.headers.includes("ETag") ? [parameterRef("IfNoneMatch")] : []),
  ];
};

const bodyOf = (operation: Operation, schemas: SchemaComponents): Pick<OperationObject, "requestBody"> => {
  const { body } = operation;
  if (body === null) return {};
  const schema = schemas.request(body.schema, body.name);
  const content = body.mediaTypes.map((type): [string, MediaType] => [
    type,
    type === "application/json" ? { schema, example: body.example } : { schema },
  ]);
  return { requestBody: { required: body.required, content: Object.fromEntries(content) } };
};

/** The successes. The worked example is that of the last one: of 200 and 202 it is the one that did something. */
const successes = (
  operation: Operation,
  answers: OperationAnswers,
  schemas: SchemaComponents,
): readonly (readonly [string, ResponseObject])[] => {
  const own = [
    ...(operation.idempotent ? (["Idempotency-Replayed"] as const) : []),
    ...(operation.deprecated === undefined ? [] : (["Deprecation", "Sunset"] as const)),
  ];
  return Object.entries(answers.answers).map(([status, schema]) => {
    const named = status === "304" ? (["ETag"] as const) : operation.headers;
    const content = {
      [answers.mediaType ?? "application/json"]: {
        schema: schema === null ? {} : schemas.answer(schema),
        example: operation.example.answer,
      },
    };
    return [
      status,
      {
        description: STATUS_WORDS[status] ?? "Done.",
        headers: headerRefs(["X-Request-Id", ...named, ...own]),
        ...(schema === null ? {} : { content }),
      },
    ];
  });
};

const problems = (
  codes: readonly ErrorCode[],
  schemas: SchemaComponents,
): readonly (readonly [string, ResponseObject])[] => {
  const schema = schemas.answer(problemSchema);
  return [...new Set(codes.map(statusOf))]
    .toSorted((a, b) => a - b)
    .map((status) => {
      const named = codes.filter((code, at) => statusOf(code) === status && codes.indexOf(code) === at);
      const more =
        status === 401
          ? (["WWW-Authenticate"] as const)
          : status === 429
            ? (["Retry-After", "RateLimit", "RateLimit-Policy"] as const)
            : status === 503 || named.includes("request_in_flight")
              ? (["Retry-After"] as const)
              : [];
      return [
        String(status),
        {
          description: named.map((code) => `\`${code}\`: ${titleOf(code)}.`).join(" "),
          headers: headerRefs(["X-Request-Id", ...more]),
          // Which codes it can be is said here as well, so that programs need not read the words.
          content: { "application/problem+json": { schema: { ...schema, properties: { code: { enum: named } } } } },
        },
      ];
    });
};

/** One operation as OpenAPI writes it. */
export const operationObject = (
  path: string,
  operation: Operation,
  answers: OperationAnswers,
  schemas: SchemaComponents,
): OperationObject => ({
  operationId: operation.operationId,
  tags: [operation.tag],
  summary: operation.summary,
  description: operation.description,
  ...(operation.deprecated === undefined ? {} : { deprecated: true }),
  security: operation.auth === "none" ? [] : [{ [operation.auth]: [] }],
  ...(operation.scope === null ? {} : { "x-required-scope": operation.scope }),
  parameters: parametersOf(path, operation, schemas),
  ...bodyOf(operation, schemas),
  responses: Object.fromEntries([...successes(operation, answers, schemas), ...problems(answers.problems, schemas)]),
});
