import { describe, expect, test } from "vitest";
import { parseDefinition } from "../../src/app/check-definition.ts";
import type { Fault } from "../../src/contract/problem.ts";
import { badMeanings, badShapes } from "../support/workflow-faults.ts";
import { goodDefinitions, sampleDocument } from "../support/workflow-language.ts";

const faultsOf = (value: unknown): readonly Fault[] => {
  const parsed = parseDefinition(value);
  return parsed.ok ? [] : parsed.faults;
};

describe("accepted", () => {
  test.each(Object.entries(goodDefinitions))("%s", (_, document) => expect(faultsOf(document)).toEqual([]));

  test("the sample of the documentation", () => {
    const parsed = parseDefinition(sampleDocument());
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
    expect(parsed.definition.tasks.map(({ taskId, type }) => `${taskId} ${type}`)).toEqual([
      "search agent",
      "read map",
      "write agent",
      "write_simple agent",
      "publish approval",
    ]);
    expect(parsed.definition).toMatchObject({ timeoutMs: 86_400_000, input: { required: ["topic"] } });
  });
});

test.each([...badShapes, ...badMeanings])("%s", (_, document, expected, ...words) => {
  const faults = faultsOf(document);
  expect(faults.map(({ code, pointer }) => `${code} ${pointer}`)).toEqual(expected);
  const messages = faults.map(({ message }) => message).join("\n");
  for (const word of words) expect(messages).toContain(word);
});

const ids = (count: number): readonly string[] => Array.from({ length: count }, (_, at) => `t${at}`);
const codes = (value: unknown): readonly string[] => faultsOf(value).map(({ code, pointer }) => `${code} ${pointer}`);

test("51 names to wait for", () => {
  const before = ids(51).map((taskId) => ({ taskId, dependsOn: [] }));
  const definition = (count: number) => ({
    id: "w",
    name: "W",
    tasks: [...before, { taskId: "a", dependsOn: ids(count) }],
  });
  expect(codes(definition(50))).toEqual([]);
  expect(codes(definition(51))).toEqual(["limit /tasks/51/dependsOn"]);
});

test("1,001 ways between tasks", () => {
  const tasks = (ways: number) => {
    const starts = ids(50).map((taskId) => ({ taskId, dependsOn: [] }));
    const joins = Array.from({ length: 21 }, (_, at) => ({
      taskId: `j${at}`,
      dependsOn: ids(at < 20 ? 50 : ways - 1_000),
    }));
    return { id: "w", name: "W", tasks: [...starts, ...joins] };
  };
  expect(codes(tasks(1_000))).toEqual([]);
  expect(codes(tasks(1_001))).toEqual(["limit /tasks"]);
});
