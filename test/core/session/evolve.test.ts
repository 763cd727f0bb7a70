import { expect, test } from "vitest";
import { dueAt } from "../../../src/core/session/deadlines.ts";
import type { SessionEvent } from "../../../src/core/session/events.ts";
import { evolve } from "../../../src/core/session/evolve.ts";
import {
  agent,
  cancel,
  done,
  endDispatch,
  given,
  historyOf,
  HOUR,
  report,
  reported,
  start,
  T0,
} from "../../support/given.ts";

const parallel = [
  { taskId: "x", agentId: "a", nextTaskId: null },
  { taskId: "y", agentId: "b", nextTaskId: null },
];

test("a log begins with the start of its session", () => {
  expect(() => evolve(null, { type: "SessionCompleted" }, { seq: 1, at: T0 })).toThrow(
    "a session's log starts with SessionStarted, not SessionCompleted",
  );
});

test("a second start changes nothing", () => {
  const { state, world } = given({ tasks: parallel, agents: [agent("a")] }).when(start({ home: "a" })).and;
  const again = { ...historyOf(world)[0]!, home: "b" } as SessionEvent;
  expect(evolve(state, again, { seq: 2, at: T0 })).toEqual(state);
});

test("an event about one task leaves the others alone", () => {
  const two = given({ tasks: parallel, agents: [agent("a"), agent("b")] }).when(start()).and;
  const [x, y] = two.state.open;
  expect(two.when(endDispatch("refused", 2)).and.state.open[0]).toEqual(x);
  expect(two.when(report("a", 1, done())).and.state.open).toEqual([y]);
});

test("every event moves the time of the last change, also one that changes nothing else", () => {
  const { state } = given({ tasks: parallel, agents: [] }).when(start()).and;
  const event = { type: "SessionWarned", taskId: "x", code: "c", message: "m" } as const;
  expect(evolve(state, event, { seq: 2, at: T0 + 5 })).toEqual({ ...state, updatedAt: T0 + 5 });
});

test("an agent that rejects twice, under whatever circumstances, is remembered once", () => {
  const { world, state } = given({
    tasks: [{ taskId: "x", agentCapability: "c" }],
    agents: [agent("a", { capabilities: ["c"] })],
  })
    .when(start())
    .and.when(endDispatch("rejected", 1)).and;
  const [rejected] = historyOf(world).filter(({ type }) => type === "AttemptEnded");
  expect(evolve(state, rejected!, { seq: 3, at: T0 }).open[0]?.rejectedBy).toEqual(["a"]);
});

test("the timer stands at the earliest of what is open, and nowhere once the session has ended", () => {
  const two = given({
    tasks: parallel.map((task) => ({ ...task, timeout: { queue: "1h" } })),
    agents: [agent("a"), agent("b", { newest: reported("busy") })],
  }).when(start()).and;
  expect(dueAt(two.state, two.facts)).toBe(T0 + 30_000);
  const one = two.when(report("a", 1, done())).and;
  expect(dueAt(one.state, one.facts)).toBe(T0 + HOUR);
  const refused = two.when(endDispatch("refused", 1)).and;
  expect(dueAt(refused.state, refused.facts)).toBe(T0 + 1_000);
  const ended = two.when(cancel()).and;
  expect(dueAt(ended.state, ended.facts)).toBeNull();
});
