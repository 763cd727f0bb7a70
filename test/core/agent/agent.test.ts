import { describe, expect, test } from "vitest";
import { capacityOf, queuesOf } from "../../../src/core/agent/agent.ts";
import { agent } from "../../support/given.ts";

describe("capacity is one task at a time", () => {
  test("unless the registration asks for more", () => {
    expect(capacityOf({ config: { maxConcurrentTasks: 5 } })).toBe(5);
    expect(capacityOf({ config: { maxConcurrentTasks: 1_000 } })).toBe(1_000);
  });

  test.each([null, {}, { config: null }, { config: [5] }, { config: "5" }, { config: {} }])(
    "%j asks for nothing",
    (metadata) => expect(capacityOf(metadata)).toBe(1),
  );

  test.each([0, -1, 1.5, 1_001, "5", null, true])("%j is no number of tasks", (maxConcurrentTasks) =>
    expect(capacityOf({ config: { maxConcurrentTasks } })).toBe(1),
  );
});

describe("queues", () => {
  test("an agent serves tasks that name it, by an older id too, and those of its capabilities", () => {
    const one = agent("new", { aliases: ["old", "older"], capabilities: ["a", "b"] });
    expect(queuesOf(one)).toEqual(["agent:new", "agent:old", "agent:older", "cap:a", "cap:b"]);
  });

  test("one that was replaced serves none: its tasks are its successor's", () => {
    expect(queuesOf(agent("x", { admission: "superseded", aliases: ["old"], capabilities: ["a"] }))).toEqual([]);
  });

  test("one that is not registered gets only work that names it", () => {
    expect(queuesOf(agent("x", { admission: "provisional", capabilities: ["a"] }))).toEqual(["agent:x"]);
  });
});
