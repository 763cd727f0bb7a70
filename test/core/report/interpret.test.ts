// Length: every rule of the contract on state reports, in its order.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Agent, InFlight } from "../../../src/core/agent/agent.ts";
import { meaningOf } from "../../../src/core/agent/state-meaning.ts";
import { taskIdOf } from "../../../src/core/ids.ts";
import type { Json, JsonObject } from "../../../src/core/json.ts";
import {
  interpretReport,
  taskNamedIn,
  usageIn,
  type IncomingReport,
  type Interpretation,
  type Pair,
} from "../../../src/core/report/interpret.ts";
import { agent, attempt, given, SECOND, SESSION, start, T0 } from "../../support/given.ts";

const SENT = T0 + SECOND;
const micros = (ms: number): number => ms * 1_000;
const bare = (n: number): string => taskIdOf(SESSION, n);

/** Agent `a` in the middle of attempt 1 of task 1, given to it at `T0`; its last report before was a second older. */
const holding = (patch: Partial<InFlight> = {}): Agent =>
  agent("a", {
    tasks: { [attempt(1)]: { sessionId: SESSION, sentAt: T0, lastSentMicros: micros(T0 - SECOND), ...patch } },
  });

const incoming = (
  state: string,
  details: JsonObject | null = null,
  sentAt = SENT,
  receivedAt = sentAt,
): IncomingReport => ({
  meaning: meaningOf(state),
  details,
  sentMicros: micros(sentAt),
  receivedAt,
});

const none: Pair = { earliestWorking: null, latestFree: null };
const worked = (sentAt: number, receivedAt = sentAt): Pair => ({
  ...none,
  earliestWorking: { sentMicros: micros(sentAt), receivedAt },
});
const freed = (sentAt: number, receivedAt = sentAt): Pair => ({
  ...none,
  latestFree: { sentMicros: micros(sentAt), receivedAt },
});

const twoTasks = [
  { taskId: "one", agentId: "a", nextTaskId: null },
  { taskId: "two", agentId: "b" },
];
/** Task 1 is in flight on `a`, task 2 on `b`. */
const open = given({ tasks: twoTasks, agents: [agent("a"), agent("b")] }).when(start()).and;
const session = open.state;

const read = (one: Agent, report: IncomingReport, pair = none): Interpretation =>
  interpretReport(one, report, pair, session);

const settles = (result: object, patch: object = {}) => ({
  kind: "settle",
  attemptId: attempt(1),
  ref: { sessionId: SESSION, n: 1, attempt: 1 },
  result,
  startedAt: null,
  ...patch,
});
const completes = (patch: object = {}) => settles({ kind: "completed" }, patch);
const agentOnly = (attemptId: string | null) => ({ kind: "agent_only", attemptId });

describe("the task a report names", () => {
  test.each<[JsonObject | null, string | null]>([
    [null, null],
    [{}, null],
    [{ opscore_task_id: "x", task_id: "y", taskId: "z" }, "x"],
    [{ task_id: "y", taskId: "z" }, "y"],
    [{ taskId: "z" }, "z"],
    [{ opscore_task_id: "", task_id: null, taskId: "z" }, "z"],
    [{ opscore_task_id: 7, taskId: ["z"] }, null],
  ])("%j names %j", (details, named) => expect(taskNamedIn(details)).toBe(named));

  test("usage is an object or nothing", () => {
    expect(usageIn({ usage: { input_tokens: 5 } })).toEqual({ input_tokens: 5 });
    for (const usage of [null, 5, "5", [5]] as Json[]) expect(usageIn({ usage })).toBeUndefined();
    expect(usageIn(null)).toBeUndefined();
  });
});

describe("with the id of the attempt in flight", () => {
  const forms: [string, JsonObject, number | null][] = [
    ["opscore_task_id", { opscore_task_id: attempt(1) }, 1],
    ["task_id", { task_id: attempt(1) }, 1],
    ["taskId", { taskId: attempt(1) }, 1],
    ["a bare task id", { task_id: bare(1) }, null],
  ];

  test.each(forms)("%s: free completes it", (_form, details, number) => {
    expect(read(holding(), incoming("idle", details))).toEqual(
      completes({ ref: { sessionId: SESSION, n: 1, attempt: number } }),
    );
  });

  test.each(forms)("%s: trouble fails it", (_form, details) => {
    expect(read(holding(), incoming("error", details))).toMatchObject({
      kind: "settle",
      attemptId: attempt(1),
      result: { kind: "failed", error: { code: "agent_failed" } },
    });
  });

  test.each(forms)("%s: working and anything else is tied to it", (_form, details) => {
    expect(read(holding(), incoming("active", details))).toEqual(agentOnly(attempt(1)));
    expect(read(holding(), incoming("thinking", details))).toEqual(agentOnly(attempt(1)));
  });

  test("timestamps do not matter: an agent's clock may say anything", () => {
    const old = T0 - 1_000 * SECOND;
    expect(read(holding(), incoming("idle", { task_id: attempt(1) }, old, SENT))).toEqual(completes());
    expect(read(holding(), incoming("idle", { task_id: attempt(1) }, old, old))).toEqual(completes());
  });

  test("the right one is meant when several are in flight", () => {
    const two = agent("a", { tasks: { ...holding({}).tasks, [attempt(2)]: holding().tasks[attempt(1)]! } });
    expect(read(two, incoming("idle", { task_id: attempt(2) }))).toMatchObject({
      kind: "settle",
      attemptId: attempt(2),
      ref: { n: 2 },
    });
    expect(read(two, incoming("busy", { task_id: bare(2) }))).toEqual(agentOnly(attempt(2)));
  });
});

describe("with an id that is no open attempt of this agent", () => {
  const idle = agent("a");

  test.each(["idle", "error"])("%s is for the session to judge, which keeps it as late", (state) => {
    expect(read(idle, incoming(state, { task_id: attempt(1, 7) }))).toMatchObject({
      kind: "settle",
      attemptId: null,
      ref: { n: 1, attempt: 7 },
    });
    expect(read(holding(), incoming(state, { task_id: attempt(2) }))).toMatchObject({ attemptId: null, ref: { n: 2 } });
  });

  test.each(["idle", "error", "active", "thinking"])("%s with text that is no id of ours: unknown", (state) => {
    const unknown = { kind: "not_applied", reason: "unknown_task" };
    expect(read(holding(), incoming(state, { task_id: "task-1" }))).toEqual(unknown);
    // An id whose session does not exist.
    expect(interpretReport(idle, incoming(state, { task_id: attempt(1) }), none, null)).toEqual(unknown);
  });

  test.each<[string, string, string]>([
    ["an attempt that another agent works on", attempt(2), "other_agent"],
    ["a task that another agent works on", bare(2), "other_agent"],
    ["an attempt that has not been", attempt(2, 2), "unknown_task"],
    ["a task that has not been", bare(3), "unknown_task"],
  ])("working on %s changes nothing of the task", (_what, named, reason) => {
    expect(read(holding(), incoming("active", { task_id: named }))).toEqual({ kind: "not_applied", reason });
  });

  test("working on an attempt that is over is stale, whatever became of the task", () => {
    const late = incoming("active", { task_id: attempt(1) });
    const stale = { kind: "not_applied", reason: "stale_attempt" };
    const failed = { kind: "failed", error: { code: "c", message: "m" } } as const;
    const settle = { type: "SettleAttempt", n: 1, attempt: 1, from: "a", via: "report", startedAt: null } as const;
    const retrying = open.when({ ...settle, result: failed, now: T0, seed: "00" }).and.state;
    expect(retrying.open[0]).toMatchObject({ n: 1, phase: "backoff", attempt: 1 });
    expect(interpretReport(idle, late, none, retrying)).toEqual(stale);
    expect(interpretReport(idle, incoming("active", { task_id: bare(1) }), none, retrying)).toEqual(stale);
    const over = open.when({ ...settle, result: { kind: "completed" }, now: T0, seed: "00" }).and.state;
    expect(interpretReport(idle, late, none, over)).toEqual(stale);
  });

  test("what is said late of an attempt that the agent has settled is tied to it", () => {
    const settled = { ...idle, settled: [attempt(1)] };
    const tied = { kind: "not_applied", attemptId: attempt(1) };
    expect(interpretReport(settled, incoming("active", { task_id: attempt(1) }), none, null)).toMatchObject(tied);
    expect(interpretReport(settled, incoming("active", { task_id: bare(1) }), none, null)).toMatchObject(tied);
    const other = interpretReport(settled, incoming("active", { task_id: attempt(2) }), none, null);
    expect(other).not.toHaveProperty("attemptId");
  });
});

describe("without an id", () => {
  test("with nothing or with several tasks in flight the report speaks of the agent alone", () => {
    const entry = holding().tasks[attempt(1)]!;
    const two = agent("a", { capacity: 2, tasks: { [attempt(1)]: entry, [attempt(2)]: entry } });
    for (const state of ["idle", "error", "active", "thinking"]) {
      expect(read(agent("a"), incoming(state), worked(SENT))).toEqual(agentOnly(null));
      expect(read(two, incoming(state), worked(SENT))).toEqual(agentOnly(null));
    }
  });

  test("trouble fails the only task in flight", () => {
    expect(read(holding(), incoming("error"))).toMatchObject({ kind: "settle", result: { kind: "failed" } });
  });

  test("free alone is no result: the agent may not even have the task yet", () => {
    expect(read(holding(), incoming("idle"))).toEqual(agentOnly(attempt(1)));
  });

  test("free after working completes it", () => {
    expect(read(holding(), incoming("idle"), worked(SENT - 3))).toEqual(completes({ startedAt: SENT - 3 }));
  });

  test("working is tied to it and settles nothing, nor does a word nobody knows", () => {
    expect(read(holding(), incoming("active"))).toEqual(agentOnly(attempt(1)));
    expect(read(holding(), incoming("thinking"), worked(SENT))).toEqual(agentOnly(attempt(1)));
  });

  test("the two may arrive swapped: the one that comes last completes it", () => {
    expect(read(holding(), incoming("active", null, SENT, SENT + 5), freed(SENT + 3, SENT + 4))).toEqual(
      completes({ startedAt: SENT + 5 }),
    );
  });

  test("the result is that of the free report, also when working arrives last", () => {
    const pair: Pair = { ...none, latestFree: { ...freed(SENT + 3).latestFree!, details: { result: 42 } } };
    expect(read(holding(), incoming("active", { result: "of no task" }, SENT, SENT + 5), pair)).toEqual(
      settles({ kind: "completed", output: 42 }, { startedAt: SENT + 5 }),
    );
  });

  test("working later than free is the next thing the agent does", () => {
    expect(read(holding(), incoming("active", null, SENT + 9), freed(SENT))).toEqual(agentOnly(attempt(1)));
    expect(read(holding(), incoming("idle", null, SENT), worked(SENT + 9))).toEqual(agentOnly(attempt(1)));
  });

  test("with equal timestamps the order of arrival decides", () => {
    expect(read(holding(), incoming("idle", null, SENT, SENT + 2), worked(SENT, SENT + 1))).toMatchObject({
      kind: "settle",
    });
    expect(read(holding(), incoming("idle", null, SENT, SENT + 1), worked(SENT, SENT + 1))).toMatchObject({
      kind: "settle",
    });
    expect(read(holding(), incoming("active", null, SENT, SENT + 2), freed(SENT, SENT + 1))).toEqual(
      agentOnly(attempt(1)),
    );
  });

  test("usage comes with the report that ends the task, not with the one that arrives last", () => {
    const usage = { input_tokens: 7 };
    const free = { ...freed(SENT + 1, SENT), latestFree: { ...freed(SENT + 1, SENT).latestFree!, details: { usage } } };
    const last = incoming("active", { usage: { input_tokens: 1 } }, SENT, SENT + 2);
    expect(read(holding(), last, free)).toMatchObject({ kind: "settle", usage });
    expect(read(holding(), incoming("error", { usage }))).toMatchObject({ kind: "settle", usage });
  });

  test.each([T0 - SECOND, T0 - SECOND - 1])(
    "a report not later than the agent's last one before the dispatch: %d",
    (at) => {
      for (const state of ["error", "active", "thinking"]) {
        expect(read(holding(), incoming(state, null, at, SENT), freed(at))).toEqual(agentOnly(null));
      }
      expect(read(holding(), incoming("idle", null, at, SENT), worked(at))).toEqual(agentOnly(null));
    },
  );

  test("a working or free report of before the dispatch makes no pair", () => {
    expect(read(holding(), incoming("idle"), worked(T0 - SECOND))).toEqual(agentOnly(attempt(1)));
    const early = holding({ lastSentMicros: micros(SENT) });
    expect(read(early, incoming("active", null, SENT + 1), freed(SENT))).toEqual(agentOnly(attempt(1)));
  });

  test("clocks may differ by minutes: only the agent's own counts", () => {
    const slow = holding({ lastSentMicros: micros(T0 - 300 * SECOND) });
    expect(read(slow, incoming("error", null, T0 - 299 * SECOND, SENT))).toMatchObject({ kind: "settle" });
  });

  test("an agent that had not reported before has no earlier clock", () => {
    expect(read(holding({ lastSentMicros: null }), incoming("error", null, 0, SENT))).toMatchObject({ kind: "settle" });
  });

  test("an attempt whose id cannot be read is left alone", () => {
    const odd = agent("a", { tasks: { odd: holding().tasks[attempt(1)]! } });
    expect(read(odd, incoming("error"))).toEqual(agentOnly(null));
  });
});

describe("what a free report brings", () => {
  const output = (details: JsonObject): Json | undefined => {
    const all = read(holding(), incoming("idle", { task_id: attempt(1), ...details }));
    return all.kind === "settle" && all.result.kind === "completed" ? all.result.output : "not settled";
  };

  test("the result, else the output, is the task's output", () => {
    expect(output({ result: { a: 1 }, output: 2 })).toEqual({ a: 1 });
    expect(output({ output: [2] })).toEqual([2]);
    expect(output({ result: 0 })).toBe(0);
    expect(output({ result: "" })).toBe("");
    expect(output({ result: false })).toBe(false);
  });

  test("null, as clients write what they do not have, is none under either name", () => {
    expect(output({})).toBeUndefined();
    expect(output({ result: null })).toBeUndefined();
    expect(output({ output: null })).toBeUndefined();
    expect(output({ result: null, output: 2 })).toBe(2);
  });
});

describe("what a trouble report says", () => {
  const unsaid = "the agent reported an error without saying more";
  test.each<[JsonObject | null, object]>([
    [{ error: { code: "E", message: "m" } }, { error: { code: "E", message: "m" } }],
    [
      { error: { code: "E", message: "m", retryable: false } },
      { error: { code: "E", message: "m" }, retryable: false },
    ],
    [{ error: { code: "E", retryable: true } }, { error: { code: "E", message: unsaid }, retryable: true }],
    [{ error: { message: "m", retryable: "no" } }, { error: { code: "agent_failed", message: "m" } }],
    [{ error_code: "E", message: "m" }, { error: { code: "E", message: "m" } }],
    [{ error: { code: "inner" }, error_code: "outer", message: "m" }, { error: { code: "inner", message: "m" } }],
    [{ error: "disk full" }, { error: { code: "agent_failed", message: "disk full" } }],
    [{ error: "disk full", error_code: "E" }, { error: { code: "E", message: "disk full" } }],
    [{ error: "", error_code: "", message: "" }, { error: { code: "agent_failed", message: unsaid } }],
    [{ error: 5, error_code: 6, message: 7 }, { error: { code: "agent_failed", message: unsaid } }],
    [{ error: ["x"] }, { error: { code: "agent_failed", message: unsaid } }],
    [null, { error: { code: "agent_failed", message: unsaid } }],
  ])("%j", (details, result) => {
    const all = read(holding(), incoming("failed", details));
    expect(all).toMatchObject({ kind: "settle" });
    if (all.kind === "settle") expect(all.result).toEqual({ kind: "failed", ...result });
  });
});

test("whatever is reported is understood or not, but never an accident", () => {
  const moment = fc.record({ sentMicros: fc.integer(), receivedAt: fc.integer() });
  const anyReport = fc.record({
    meaning: fc.constantFrom("free" as const, "working" as const, "trouble" as const, "other" as const),
    details: fc.oneof(
      fc.constant(null),
      fc.dictionary(
        fc.constantFrom("opscore_task_id", "task_id", "taskId", "result", "output", "error", "message", "usage"),
        fc.oneof(fc.constantFrom(attempt(1), attempt(2), bare(1), bare(9)), fc.jsonValue() as fc.Arbitrary<Json>),
      ),
    ),
    sentMicros: fc.integer(),
    receivedAt: fc.integer(),
  }) as fc.Arbitrary<IncomingReport>;
  const anyPair = fc.record({ earliestWorking: fc.option(moment), latestFree: fc.option(moment) });
  fc.assert(
    fc.property(
      fc.constantFrom(holding(), holding({ lastSentMicros: null }), agent("a")),
      anyReport,
      anyPair,
      fc.constantFrom(session, null),
      (one, any, pair, state) => {
        const all = interpretReport(one, any, pair, state);
        expect(interpretReport(one, any, pair, state)).toEqual(all);
        if (any.meaning === "other") expect(all.kind).not.toBe("settle");
        if (all.kind === "settle" && taskNamedIn(any.details) === null) expect(all.attemptId).toBe(attempt(1));
      },
    ),
  );
});
