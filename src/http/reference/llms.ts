import type { OpenApiDocument } from "../openapi/types.ts";

/** The calls that most programs need, in the order in which they need them. */
const TEN = [
  "putAgent",
  "saveWorkflow",
  "startSession",
  "getSession",
  "listSessions",
  "listSessionLog",
  "completeTask",
  "failTask",
  "reportAgentState",
  "cancelSession",
] as const;

/** What this is, how one gets in, and the calls that matter: short enough to be read whole. */
export const llmsText = ({ info, paths }: OpenApiDocument): string => {
  const all = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ call: `${method.toUpperCase()} ${path}`, operation })),
  );
  const calls = TEN.map((id) => {
    const found = all.find(({ operation }) => operation.operationId === id);
    if (found === undefined) throw new Error(`There is no operation ${id}`);
    return `- \`${found.call}\` (${id}): ${found.operation.description}`;
  });
  return `# ${info.title}

> The operational backbone for fleets of AI agents: a registry of agents, durable workflows over them, and a plain account of what is happening and why.

An agent is something with an HTTP endpoint. A workflow is a list of tasks; a session is one run of it. Each task is POSTed to an agent that has the capability it asks for; the agent settles it by a state report or by a call, with the \`opscore_task_id\` it was given.

## Authentication

Send \`Authorization: Bearer <key>\` with every call under /v1; the key is the server's OPSCORE_API_KEY (a local server keeps it in data/api-key). Errors are application/problem+json: switch on \`code\`, show \`detail\`, wait for \`Retry-After\` seconds on 503. A POST that starts something honours \`Idempotency-Key\`.

## The ten calls that matter

${calls.join("\n")}

## More

- [OpenAPI 3.1](/openapi.json): every operation, with examples and error codes
- [Reference](/docs): the same for people
- [JSON Schema of workflow definitions](/schemas/workflow.json)
`;
};
