import { describe, expect, test } from "vitest";
import { answersByOperation, type OperationAnswers } from "../../src/contract/answers/by-operation.ts";
import { SCOPES, type Operation } from "../../src/contract/operations/operation.ts";
import { operations } from "../../src/contract/operations/table.ts";
import { scheduleBody, scheduleSchema } from "../../src/contract/schedules.ts";
import { isId } from "../../src/contract/ids.ts";

const entries = Object.entries<Operation>(operations);
const answers = new Map(Object.entries<OperationAnswers>(answersByOperation));

test("every operation with answers is described, and nothing else is", () => {
  expect(Object.keys(operations).toSorted()).toEqual(Object.keys(answersByOperation).toSorted());
});

test("each has a name of its own, which is a verb and a noun", () => {
  const names = entries.map(([, { operationId }]) => operationId);
  expect(new Set(names).size).toBe(names.length);
  expect(names.filter((name) => !/^[a-z]+[A-Z][A-Za-z]+$/.test(name))).toEqual([]);
});

test("what is under /v1 needs a key and a scope, the webhook its signature, and nothing else needs anything", () => {
  for (const [name, { auth, scope }] of entries) {
    const expected = name.includes("/internal/") ? "signature" : name.includes(" /v1/") ? "key" : "none";
    expect([name, auth, scope !== null]).toEqual([name, expected, expected === "key"]);
  }
  expect(new Set(entries.flatMap(([, { scope }]) => scope ?? []))).toEqual(new Set(SCOPES));
});

test("reads never need a scope to write, and changes always do", () => {
  const dry = ["validateWorkflow", "testWorkflow"];
  for (const [name, { operationId, scope }] of entries) {
    if (scope === null || dry.includes(operationId)) continue;
    expect([name, scope.endsWith(":read")]).toEqual([name, name.startsWith("GET ")]);
  }
});

describe("the worked examples", () => {
  test.each(entries)("of %s fit the schemas", (name, { body, query, example, idempotent }) => {
    const described = answers.get(name);
    const successes = Object.entries(described?.answers ?? {}).filter(([status]) => status !== "304");
    for (const [, schema] of successes) {
      if (schema === null) expect(example.answer).toBeNull();
      else expect(schema.safeParse(example.answer).error?.issues ?? []).toEqual([]);
    }
    if (body !== null) expect(body.schema.safeParse(body.example).error?.issues ?? []).toEqual([]);
    if (query === null) expect(example.query).toEqual({});
    else expect(query.safeParse(example.query).error?.issues ?? []).toEqual([]);
    const named = [...name.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter);
    expect(Object.keys(example.path)).toEqual(named);
    expect(Object.values(example.path).filter((id) => !isId(id))).toEqual([]);
    if (idempotent) expect(described?.problems).toContain("invalid_header");
  });
});

test("a read that is polled has an ETag and can be 304, and nothing else can", () => {
  for (const [name, { headers }] of entries) {
    expect([name, headers.includes("ETag")]).toEqual([name, 304 in (answers.get(name)?.answers ?? {})]);
  }
});

test("a schedule is read with the body that is described, and with what the calendar says", () => {
  const read = Object.entries(scheduleSchema(() => []).shape);
  expect(read.map(([name]) => name)).toEqual(Object.keys(scheduleBody.shape));
  expect(
    read.filter(([name, member]) => member !== scheduleBody.shape[name as keyof typeof scheduleBody.shape]),
  ).toEqual([]);
});
