import type { OpenApiDocument, OperationObject, Parameter } from "../openapi/types.ts";

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

const isParameter = (one: OperationObject["parameters"][number]): one is Parameter => "name" in one;

/** The worked example of an operation, as it is typed into a shell; `$OPSCORE` is the server, `$KEY` the key. */
export const curlOf = (method: string, path: string, operation: OperationObject, document: OpenApiDocument): string => {
  const parameters = operation.parameters.filter(isParameter);
  const filled = parameters
    .filter((one) => one.in === "path")
    .reduce((text, { name, example }) => text.replace(`{${name}}`, example ?? name), path);
  const query = parameters
    .filter((one) => one.in === "query" && one.example !== undefined)
    .map(({ name, example }) => `${name}=${encodeURIComponent(example ?? "")}`)
    .join("&");
  const server = document.servers[0]?.url === "/" ? "$OPSCORE" : (document.servers[0]?.url ?? "");
  const address = `"${server}${filled}${query === "" ? "" : `?${query}`}"`;
  const [schemes = {}] = operation.security;
  const body = operation.requestBody?.content["application/json"]?.example;
  const isPlain = method === "get" || (method === "post" && body !== undefined);
  return [
    `curl ${isPlain ? "" : `-X ${method.toUpperCase()} `}${address}`,
    ...("key" in schemes ? ['-H "Authorization: Bearer $KEY"'] : []),
    ...("signature" in schemes ? ['-H "X-AgentKit-Timestamp: $TIME"', '-H "X-AgentKit-Signature: $SIGNATURE"'] : []),
    ...(body === undefined ? [] : ["-H 'Content-Type: application/json'", `-d ${quoted(JSON.stringify(body))}`]),
  ].join(" \\\n  ");
};
