import { describe, expect, test } from "vitest";
import { OutOfSteps } from "../../../src/core/session/turn.ts";
import { agent, call, decideIn, done, given, start, worldOf, type Tasks } from "../../support/given.ts";

const by = (taskId: string, more: object = {}) => ({ taskId, agentId: "a", ...more });
const list = Array.from({ length: 100 }, (_, at) => at);
const input = { list, text: "x".repeat(200_000) };

/** What starting costs. */
const costOf = (tasks: Tasks): number =>
  given({ tasks, agents: [agent("a", { capacity: 9 })] }).when(start({ input })).decision.steps;

describe("the work of a decision is counted", () => {
  test.each<readonly [string, number, Tasks]>([
    ["parameters without expressions", 0, [by("one")]],
    ["one expression", 3, [by("one", { parameters: { q: "${input.list}" } })]],
    ["a loop", 304, [by("one", { parameters: { q: "${input.list.all(x, x >= 0)}" } })]],
    ["a condition", 304, [by("one", { when: "input.list.all(x, x >= 0)" })]],
    ["each task that is open when another is entered", 4 * 3, [by("one"), by("two", { dependsOn: [] }), by("three", { dependsOn: [] })]], // prettier-ignore
    ["what was rendered and thrown away", 6 + (256 * 1024) / 8, [by("one", { parameters: { a: "${input.text}", b: "${input.text}" } })]], // prettier-ignore
  ])("%s: %i steps", (_, steps, tasks) => expect(costOf(tasks)).toBe(steps));

  test("a decision that may cost so much is the same as without a limit; one that costs more is none", () => {
    const tasks = [by("one"), by("two", { parameters: { q: "${input.list.all(x, x >= 0)}" } })];
    const world = given({ tasks, agents: [agent("a")] }).when(start({ input })).and.world;
    const command = call(1, done(1));
    const free = decideIn(world, command);
    expect(free.steps).toBe(304);
    expect(decideIn({ ...world, more: { maxSteps: 304 } }, command)).toEqual(free);
    expect(() => decideIn({ ...world, more: { maxSteps: 303 } }, command)).toThrow(OutOfSteps);
    const first = worldOf({ tasks: [by("one", { when: "input.list.all(x, x >= 0)" })] });
    expect(() => decideIn({ ...first, more: { maxSteps: 303 } }, start({ input }))).toThrow(OutOfSteps);
  });
});
