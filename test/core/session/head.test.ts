import { expect, test } from "vitest";
import type { SessionState } from "../../../src/core/session/state.ts";
import { agent, call, cancel, done, failed, given, HOUR, report, start, T0, tick } from "../../support/given.ts";

const LIMIT = 64 * 1024;
const bytes = (state: SessionState): number => new TextEncoder().encode(JSON.stringify(state)).length;
const name = (i: number, length: number): string => `${i}-`.padEnd(length, "x");
const bees = (count: number): string => "🐝".repeat(count);
const endless = "ß".repeat(30_000);

test("the head of a chain of 200 tasks with the longest ids stays below 64 KiB to its end", () => {
  const id = name(0, 128);
  const tasks = Array.from({ length: 200 }, (_, i) => ({ taskId: name(i, 128), agentId: id }));
  let session = given({ tasks, agents: [agent(id)] }).when(start({ home: id })).and;
  for (let n = 1; n <= 200; n += 1) {
    session = session
      .when(report(id, n, { kind: "failed", error: { code: endless, message: endless }, retryAfterMs: 0 }))
      .and.when(tick(T0)).and;
    expect(session.state.open).toMatchObject([{ n, attempt: 2 }]);
    expect(bytes(session.state)).toBeLessThan(LIMIT);
    session = session.when(call(n, done({ large: endless }), { attempt: 2 })).and;
  }
  expect(session.state.status).toBe("completed");
  expect(bytes(session.state)).toBeLessThan(LIMIT);
}, 30_000);

test("tasks that are open at once cost it 2 KiB each at most, however much was said about them", () => {
  const tasks = Array.from({ length: 200 }, (_, i) => ({
    taskId: name(i, 128),
    agentCapability: name(1, 128),
    nextTaskId: null,
  }));
  const able = (patch: object) => agent(name(1, 128), { name: endless, capabilities: [name(1, 128)], ...patch });
  let session = given({ tasks, agents: [able({ capacity: 200 })] }).when(start()).and;
  expect(session.state.open).toHaveLength(200);
  for (let n = 1; n <= 20; n += 1) session = session.when(call(n, failed("boom", { message: endless }))).and;
  const { state } = session.withAgent(name(1, 128), { admission: "deregistered" }).when(tick(T0 + HOUR)).and;
  expect(state.open.filter(({ phase }) => phase === "waiting")).toHaveLength(200);
  expect(state.open[0]?.last?.message).toHaveLength(201);
  expect(bytes(state)).toBeLessThan(200 * 2 * 1024);
});

test("what an agent says of its failure is in the log as a whole, in the head in short", () => {
  const running = given({ tasks: [{ taskId: "one", agentId: "a" }], agents: [agent("a")] }).when(start()).and;
  const retried = running.when(report("a", 1, failed("boom", { message: bees(5_000) })));
  retried.then({ type: "AttemptEnded", error: { message: bees(5_000) } });
  expect(retried.and.state.open[0]?.last?.message === `${bees(200)}…`).toBe(true);
  const final = running.when(report("a", 1, failed(endless, { message: endless, retryable: false })));
  final.then(
    { type: "AttemptEnded", error: { code: endless, message: endless } },
    { type: "TaskFailed", error: { code: endless, message: endless } },
    { type: "SessionFailed", error: { code: endless, message: endless } },
  );
  expect(bytes(final.and.state)).toBeLessThan(4_000);
  // The same failure again is a repeat: it is compared as a whole.
  final.and
    .when(report("a", 1, failed(endless, { message: endless, retryable: false })))
    .then()
    .answers({ kind: "repeated" });
  const cancelled = running.when(cancel(endless));
  cancelled.then({ type: "AttemptEnded" }, { type: "TaskCancelled" }, { type: "SessionCancelled", reason: endless });
  expect(bytes(cancelled.and.state)).toBeLessThan(4_000);
});
