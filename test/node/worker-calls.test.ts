import { expect, test } from "vitest";
import type { CallOutcome } from "../../src/app/call-port.ts";
import { workerCalls } from "../../src/entry/worker-calls.ts";
import { httpTask, toolTask } from "../support/task-calls.ts";

const MINUTE = 60_000;

/** Calls that are answered when the test says so. */
const openCalls = () => {
  const asked: number[] = [];
  const waiting: (() => void)[] = [];
  const make = ({ timeoutMs }: { readonly timeoutMs: number }): Promise<CallOutcome> => {
    asked.push(timeoutMs);
    return new Promise((resolve) => waiting.push(() => resolve({ kind: "answered", output: null })));
  };
  return { asked, calls: { http: make, tool: make }, answer: () => waiting.splice(0).forEach((one) => one()) };
};

test("only the tick makes calls that may take long, four at a time", async () => {
  for (const invocation of ["fetch", "queue"] as const) {
    expect(workerCalls(openCalls().calls, invocation).callLimits).toEqual({ firstMs: 20_000, againMs: 20_000 });
  }
  const outside = openCalls();
  const { calls, callLimits } = workerCalls(outside.calls, "scheduled");
  expect(callLimits).toEqual({ firstMs: 20_000, againMs: Infinity });
  const underWay = [1, 2, 3].map(() => calls.http(httpTask("/")));
  expect(callLimits?.againMs).toBe(Infinity);
  underWay.push(calls.tool(toolTask("t")));
  expect(callLimits?.againMs).toBe(20_000);
  outside.answer();
  await Promise.all(underWay);
  expect(callLimits?.againMs).toBe(Infinity);
});

test("no call lasts longer than the platform lets it", () => {
  const outside = openCalls();
  const { calls } = workerCalls(outside.calls, "queue");
  void calls.http(httpTask("/", { timeoutMs: 60 * MINUTE }));
  void calls.tool(toolTask("t", { timeoutMs: 60 * MINUTE }));
  void calls.http(httpTask("/", { timeoutMs: 5 * MINUTE }));
  expect(outside.asked).toEqual([14 * MINUTE, 14 * MINUTE, 5 * MINUTE]);
});
