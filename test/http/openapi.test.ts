import { createConfig, lintFromString } from "@redocly/openapi-core";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { answersByOperation } from "../../src/contract/answers/by-operation.ts";
import type { Operation } from "../../src/contract/operations/operation.ts";
import { operations } from "../../src/contract/operations/table.ts";
import { ERROR_CODES } from "../../src/contract/problem.ts";
import { API_VERSION, openApiDocument } from "../../src/http/openapi/document.ts";

const document = openApiDocument();

const fileOf = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");

const lint = async (source: unknown) => {
  const config = await createConfig({
    extends: ["recommended"],
    rules: {
      // Probes take any request: there is no 4xx that they could answer.
      "operation-4xx-response": "off",
      // Members that only some types of task need are required in `if`/`then`, beside the properties.
      "no-required-schema-properties-undefined": "off",
      // Redocly forbids, inside each of those branches, what the branch itself does not name. The examples are checked
      // against the very schemas in test/contract/operations.test.ts, members too many included.
      "no-invalid-media-type-examples": { severity: "error", allowAdditionalProperties: true },
    },
  });
  const problems = await lintFromString({ source: JSON.stringify(source), config });
  return problems.map(({ ruleId, message, location }) => `${ruleId} ${location[0]?.pointer ?? ""}: ${message}`);
};

describe("the document", () => {
  test("has not one fault or warning of Redocly's recommended rules", async () => {
    expect(await lint(document)).toEqual([]);
  });

  test("the linter would find one", { timeout: 30_000 }, async () => {
    const paths = { ...document.paths, "/wrong/": { get: { responses: {} } } };
    expect((await lint({ ...document, paths })).length).toBeGreaterThan(2);
  });

  test("has the operations of the golden list: a name that changes breaks every client that was made of it", () => {
    const lines = Object.entries<Operation>(operations).map(([name, { operationId }]) => `${name} ${operationId}`);
    expect(lines.toSorted()).toEqual(fileOf("../fixtures/openapi/operations.txt").trimEnd().split("\n"));
  });

  test("has the version of the package", () => {
    const { version } = JSON.parse(fileOf("../../package.json")) as { readonly version: string };
    expect(API_VERSION).toBe(version);
  });

  test("is the same each time it is made", () => {
    expect(JSON.stringify(openApiDocument())).toBe(JSON.stringify(document));
  });

  test("names each code that an operation can answer with, and where there is one to wait for, Retry-After", () => {
    const text = JSON.stringify(document.paths);
    const used = new Set(Object.values(answersByOperation).flatMap(({ problems }) => problems));
    expect(used.size).toBeGreaterThan(20);
    expect(ERROR_CODES.filter((code) => used.has(code as never) && !text.includes(`"${code}"`))).toEqual([]);
    for (const methods of Object.values(document.paths)) {
      for (const { responses } of Object.values(methods)) {
        for (const [status, { headers }] of Object.entries(responses)) {
          expect(Object.keys(headers)).toContain("X-Request-Id");
          if (status === "503" || status === "429") expect(Object.keys(headers)).toContain("Retry-After");
        }
      }
    }
  });

  test("says what may be left out: a member that an answer need not have is not required", () => {
    expect(document.components.schemas["StateAccepted"]).toMatchObject({ required: ["status", "message"] });
  });

  test("an operation on its way out is marked, with its headers", () => {
    const name = "GET /health";
    const deprecated = { since: new Date(0), sunset: new Date(1), link: "https://example.org" };
    const made = openApiDocument({ [name]: { ...operations[name], deprecated } }, { [name]: answersByOperation[name] });
    expect(made.paths["/health"]?.["get"]?.deprecated).toBe(true);
    expect(Object.keys(made.paths["/health"]?.["get"]?.responses["200"]?.headers ?? {})).toEqual(
      expect.arrayContaining(["Deprecation", "Sunset"]),
    );
  });

  test("two schemas of one name are refused", () => {
    const one = operations["POST /v1/opscore/sessions"];
    const other = operations["POST /v1/opscore/tasks"];
    const table = { "POST /a": one, "POST /b": { ...other, body: { ...other.body, name: "StartSessionBody" } } };
    const answers = { "POST /a": { answers: {}, problems: [] }, "POST /b": { answers: {}, problems: [] } };
    expect(() => openApiDocument(table as never, answers)).toThrow("Two schemas have the id StartSessionBody");
  });
});
