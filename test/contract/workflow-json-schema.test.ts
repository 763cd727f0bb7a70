import { Validator, type Schema } from "@cfworker/json-schema";
import { describe, expect, test } from "vitest";
import { workflowJsonSchema } from "../../src/contract/workflow-json-schema.ts";
import { badShapes } from "../support/workflow-faults.ts";
import { goodDefinitions, sampleDocument } from "../support/workflow-language.ts";

const schema = workflowJsonSchema() as Schema;
const validator = new Validator(schema, "2020-12");
/** As it is sent: a key without a value is not there. */
const faultsOf = (document: unknown) => validator.validate(JSON.parse(JSON.stringify(document))).errors;

test("it is JSON Schema 2020-12 that tells editors what each key is for", () => {
  expect(schema.$schema).toBe("https://json-schema.org/draft/2020-12/schema");
  expect(schema.title).toBe("Workflow definition");
  const { tasks } = schema.properties as { tasks: { items: { properties: Record<string, Schema> } } };
  const undescribed = Object.entries(tasks.items.properties).filter(([, one]) => one.description === undefined);
  expect(undescribed.map(([key]) => key)).toEqual([]);
});

describe("it takes what the check takes", () => {
  test.each(Object.entries({ ...goodDefinitions, sample: sampleDocument() }))("%s", (_, document) => {
    expect(faultsOf(document)).toEqual([]);
  });
});

describe("it refuses", () => {
  test.each(badShapes)("%s", (_, document) => expect(faultsOf(document)).not.toEqual([]));

  test.each<[string, unknown]>([
    ["a list", []],
    ["nothing", {}],
    ["an unknown key", { id: "w", name: "W", tasks: [{ taskId: "a" }], nmae: "x" }],
    ["an id outside the pattern", { id: "-w", name: "W", tasks: [{ taskId: "a" }] }],
    ["no tasks", { id: "w", name: "W", tasks: [] }],
    ["201 tasks", { id: "w", name: "W", tasks: Array.from({ length: 201 }, (_, at) => ({ taskId: `t${at}` })) }],
    ["an unknown key of a retry", { id: "w", name: "W", tasks: [{ taskId: "a", retry: { max: 1 } }] }],
  ])("%s", (_, document) => expect(faultsOf(document)).not.toEqual([]));
});
