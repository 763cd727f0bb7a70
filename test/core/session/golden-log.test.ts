import { expect, test } from "vitest";
import { EVENT_VERSION, type SessionEvent } from "../../../src/core/session/events.ts";
import { evolve } from "../../../src/core/session/evolve.ts";
import type { SessionState } from "../../../src/core/session/state.ts";

/** A log as version 1 wrote it, every type of event in it. It may be added to, never changed: old logs replay for ever. */
const session = "ses_0001M7Q5CQG00H2K4N6Q8SAVCXEZ";
const id = (n: number, attempt: number) => ({ n, attempt, attemptId: `tsk_${session.slice(4)}.${n}:${attempt}` });
const trace = { sentAt: 1, startedAt: null, transport: "agentkit", confirmedAt: null };
const rows = [
  [
    {
      type: "SessionStarted",
      sessionId: session,
      definition: { workflowId: "w", revision: 2, hash: "h" },
      home: "a",
      input: { topic: "bees" },
      actor: { kind: "key", id: "root" },
    },
    { type: "TaskEntered", taskId: "one", n: 1, parameters: { topic: "bees" } },
    { type: "DispatchRequested", taskId: "one", ...id(1, 1), agentId: "a", leaseUntil: 30_001, again: false },
    { type: "TaskEntered", taskId: "two", n: 2, parameters: {} },
    { type: "TaskWaited", taskId: "two", n: 2, queue: "agent:a", why: { code: "agent_busy", message: "busy" } },
    { type: "TaskEntered", taskId: "three", n: 3, parameters: {} },
    { type: "SessionWarned", taskId: "three", code: "capability_missing", message: "nobody has it" },
    { type: "DispatchRequested", taskId: "three", ...id(3, 1), agentId: "b", leaseUntil: 30_001, again: false },
  ],
  [{ type: "DispatchRequested", taskId: "three", ...id(3, 1), agentId: "b", leaseUntil: 60_002, again: true }],
  [
    {
      type: "AttemptEnded",
      taskId: "three",
      ...id(3, 1),
      agentId: "b",
      outcome: "rejected",
      error: { code: "agent_rejected", message: "no" },
      counts: true,
      retryAt: 900,
      trace,
    },
  ],
  [
    {
      type: "TaskCompleted",
      taskId: "one",
      ...id(1, 1),
      agentId: "a",
      output: 7,
      outputFrom: "report",
      via: "report",
      trace,
      usage: { input_tokens: 1 },
    },
    { type: "DispatchRequested", taskId: "two", ...id(2, 1), agentId: "a", leaseUntil: 30_004, again: false },
  ],
  [
    {
      type: "LateResultRecorded",
      taskId: "three",
      ...id(3, 1),
      agentId: "b",
      reason: "stale_attempt",
      from: "b",
      result: { kind: "completed" },
      transport: "agentkit",
    },
  ],
  [
    {
      type: "AttemptEnded",
      taskId: "two",
      ...id(2, 1),
      agentId: "a",
      outcome: "refused",
      error: { code: "refused", message: "not delivered" },
      counts: false,
      retryAt: 1_000,
      trace,
      via: "call",
    },
  ],
] as unknown as readonly (readonly SessionEvent[])[];

const fold = (all: readonly (readonly SessionEvent[])[]): SessionState =>
  all
    .flatMap((events, i) => events.map((event) => ({ event, place: { seq: i + 1, at: i + 1 } })))
    .reduce<SessionState | null>((state, { event, place }) => evolve(state, event, place), null)!;

test("a log of version 1 folds to the head it always had", () => {
  expect(EVENT_VERSION).toBe(1);
  const task = { attempt: 1, refusals: 0, rejectedBy: [], paramsSeq: 1, readyAt: 1 };
  expect(fold(rows)).toEqual({
    v: 1,
    id: session,
    definition: { workflowId: "w", revision: 2, hash: "h" },
    home: "a",
    status: "open",
    startedAt: 1,
    updatedAt: 6,
    endedAt: null,
    reason: null,
    tasks: 3,
    open: [
      {
        ...task,
        phase: "backoff",
        taskId: "two",
        n: 2,
        used: 0,
        refusals: 1,
        retryAt: 1_000,
        last: { code: "refused", message: "not delivered" },
      },
      {
        ...task,
        phase: "backoff",
        taskId: "three",
        n: 3,
        used: 1,
        rejectedBy: ["b"],
        retryAt: 900,
        last: { code: "agent_rejected", message: "no" },
      },
    ],
    ended: { one: { n: 1, status: "completed", seq: 4 } },
    dispatched: true,
  });
});

test.each<[string, readonly object[], object]>([
  [
    "completed",
    [{ type: "SessionCompleted" }],
    { status: "completed", reason: null, ended: { one: { n: 1, status: "completed", seq: 4 } } },
  ],
  [
    "failed",
    [
      { type: "TaskFailed", taskId: "two", n: 2, error: { code: "c", message: "m" } },
      { type: "TaskCancelled", taskId: "three", n: 3 },
      { type: "SessionFailed", taskId: "two", error: { code: "c", message: "m" } },
    ],
    {
      status: "failed",
      reason: { code: "c", message: "m" },
      open: [],
      ended: { two: { n: 2, status: "failed", seq: 7 }, three: { n: 3, status: "cancelled", seq: 7 } },
    },
  ],
  [
    "cancelled",
    [{ type: "SessionCancelled", reason: null, actor: { kind: "key", id: "root" } }],
    { status: "cancelled", reason: { code: "cancelled", message: "cancelled" } },
  ],
])("and so it does when it ended %s", (_how, events, head) => {
  expect(fold([...rows, events as readonly SessionEvent[]])).toMatchObject({ ...head, endedAt: 7, updatedAt: 7 });
});
