import { describe, expect, test } from "vitest";
import { dueAt, dueBounds } from "../../../src/core/session/deadlines.ts";
import type { SessionState } from "../../../src/core/session/state.ts";
import { agent, attempt, cancel, done, given, MINUTE, report, SECOND, start, T0, tick } from "../../support/given.ts";
import {
  broke,
  complete,
  control,
  endCall,
  fail,
  openIn,
  pause,
  relative,
  resume,
  retry,
  skip,
  startBelow,
  withRelative,
} from "../../support/given-control.ts";

const sub = { taskId: "sub", type: "workflow", workflowDefinitionId: "other", nextTaskId: null };
const parent = given({ tasks: [sub] }).when(start()).and;
const { sessionId: childId } = openIn(parent, 1, "child");
const LATER = T0 + MINUTE;

/** The parent, with the child as it is found when it is looked up. */
const found = (patch: Partial<SessionState>, output: Parameters<typeof relative>[2] = null, from = parent) =>
  withRelative(from, childId, relative(parent, { id: childId, ...patch }, output));

describe("a child session", () => {
  test("is requested under an id that is decided with it, in the shard of its parent", () => {
    expect(parent.world.log[0]?.events.at(-1)).toMatchObject({
      type: "ChildRequested",
      n: 1,
      attempt: 1,
      attemptId: attempt(1),
      sessionId: childId,
      leaseUntil: T0 + 30 * SECOND,
      again: false,
    });
    expect(childId).not.toBe(parent.state.id);
    expect(childId.slice(0, 6)).toBe(parent.state.id.slice(0, 6));
    expect(parent.state.dispatched).toBe(true);
  });

  test("is looked up before anything is decided about it", () => {
    parent
      .when(tick(LATER))
      .then()
      .answers({ kind: "needs_facts", needs: { rows: [], agents: [], caps: [], relatives: [childId] } });
  });

  test("is started again under its id if it is not there when the lease has run out", () => {
    const missing = withRelative(parent, childId, null);
    missing.when(tick(T0 + 30 * SECOND - 1)).then();
    missing.when(tick(LATER)).then({
      type: "ChildRequested",
      attempt: 1,
      sessionId: childId,
      leaseUntil: LATER + 30 * SECOND,
      again: true,
    });
  });

  test("that cannot be started is tried less and less often, and fails its attempt in the end", () => {
    let now = withRelative(parent, childId, null);
    const gaps: number[] = [];
    for (let repeats = 1; repeats < 20; repeats += 1) {
      const { leaseUntil } = openIn(now, 1, "child");
      const again = now.when(tick(leaseUntil));
      again.then({ type: "ChildRequested", attempt: 1, sessionId: childId, again: true, repeats });
      now = withRelative(again.and, childId, null);
      gaps.push((openIn(now, 1, "child").leaseUntil - leaseUntil) / SECOND);
    }
    expect(gaps).toEqual([30, 60, 120, 240, ...Array.from({ length: 15 }, () => 300)]);
    const message = `session ${childId} could not be started 20 times`;
    const lost = now.when(tick(openIn(now, 1, "child").leaseUntil));
    const error = { code: "child_not_started", message };
    lost.then(
      { type: "CallFailed", attempt: 1, counts: true, error },
      { type: "TaskFailed" },
      { type: "SessionFailed" },
    );
  });

  test("that is at work is left to it, and no timer runs for it", () => {
    const working = found({ status: "open" });
    working.when(tick(LATER)).then().answers({ kind: "unchanged" });
    expect(dueAt(working.state, working.facts)).toBeNull();
    expect(dueBounds(working.state, working.facts.graph)).toEqual({ earliest: T0 + 30 * SECOND, latest: null });
    // Not looked up, or not there: it may have to be started again.
    expect(dueAt(parent.state, parent.facts)).toBe(T0 + 30 * SECOND);
    const missing = withRelative(parent, childId, null);
    expect(dueAt(missing.state, missing.facts)).toBe(T0 + 30 * SECOND);
  });

  test("that completes completes its task with what it hands on", () => {
    found({ status: "completed" }, { total: 7 })
      .when(tick(LATER))
      .then({ type: "TaskResolved", output: { total: 7 }, by: "child", attempt: 1 }, { type: "SessionCompleted" });
  });

  test("that fails fails its task, unless the author wants another", () => {
    const patch = { status: "failed", reason: { code: "boom", message: "it broke" } } as const;
    const error = { code: "child_failed", message: `session ${childId} failed: it broke` };
    found(patch)
      .when(tick(LATER))
      .then({ type: "CallFailed", error, retryAt: null }, { type: "TaskFailed", error }, { type: "SessionFailed" });
    const twice = given({ tasks: [{ ...sub, retry: { maxAttempts: 2 } }] }).when(start()).and;
    const second = found(patch, null, twice).when(tick(LATER));
    second.then({ type: "CallFailed", counts: true });
    const { retryAt } = openIn(second.and, 1, "backoff");
    const again = second.and.when(tick(retryAt));
    again.then({ type: "ChildRequested", attempt: 2, again: false });
    expect(openIn(again.and, 1, "child").sessionId).not.toBe(childId);
  });

  test("that a person cancelled fails its task for good", () => {
    const twice = given({ tasks: [{ ...sub, retry: { maxAttempts: 2 } }] }).when(start()).and;
    found({ status: "cancelled", reason: null }, null, twice)
      .when(tick(LATER))
      .then(
        { type: "CallFailed", retryAt: null },
        { type: "TaskFailed", error: { code: "child_cancelled", message: `session ${childId} cancelled: cancelled` } },
        { type: "SessionFailed" },
      );
  });

  test("that could not be started fails its task", () => {
    parent
      .when(endCall(1, broke("definition_not_found", { retryable: false })))
      .then(
        { type: "CallFailed" },
        { type: "TaskFailed", error: { code: "definition_not_found" } },
        { type: "SessionFailed" },
      );
  });

  test("may not be nested more than five deep", () => {
    const at = (depth: number) =>
      given({ tasks: [sub] }).when(startBelow({ sessionId: "ses_up", n: 1, attempt: 1, depth }));
    expect(at(4).decision.events.at(-1)).toMatchObject({ type: "ChildRequested" });
    at(5).then(
      { type: "SessionStarted" },
      { type: "TaskEntered" },
      { type: "TaskFailed", error: { code: "limit_depth" } },
      { type: "SessionFailed" },
    );
  });
});

describe("a person's word about a task whose child is at work", () => {
  test.each([
    ["skips it", skip, "TaskSkipped"],
    ["completes it", complete(1), "TaskResolved"],
    ["fails it", fail(), "TaskFailed"],
  ] as const)("%s, and nobody waits for the child any more", (_what, action, type) => {
    const outcome = parent.when(control("sub", action));
    expect(outcome.decision.events[0]).toMatchObject({ type, n: 1 });
    expect(outcome.and.state).toMatchObject({ open: [] });
    outcome.and.when(endCall(1, broke())).then().answers({ kind: "unchanged" });
  });

  test("lets another take its place: what the first comes to is not heard any more", () => {
    const outcome = parent.when(control("sub", retry, T0 + SECOND));
    outcome.then({ type: "TaskHurried" }, { type: "ChildRequested", attempt: 2, again: false });
    const second = openIn(outcome.and, 1, "child").sessionId;
    expect(second).not.toBe(childId);
    outcome.and
      .when(endCall(1, broke(), { attempt: 1 }))
      .then()
      .answers({ kind: "unchanged" });
    found({ status: "completed" }, "old", outcome.and)
      .when(tick(LATER))
      .then()
      .answers({ kind: "needs_facts", needs: { rows: [], agents: [], caps: [], relatives: [second] } });
  });
});

test("a child that ends while its parent is paused is heard when that goes on", () => {
  const paused = found({ status: "completed" }, 7, parent.when(pause()).and);
  paused.when(tick(LATER)).then().answers({ kind: "unchanged" });
  paused
    .when(resume(LATER))
    .then({ type: "SessionResumed" }, { type: "TaskResolved", output: 7, by: "child" }, { type: "SessionCompleted" });
});

describe("a session that is a child", () => {
  const above = { sessionId: "ses_00PARENT", n: 1, attempt: 1, depth: 1 };
  const setup = { tasks: [{ taskId: "one", agentId: "a", nextTaskId: null }], agents: [agent("a")] };
  const below = given(setup).when(startBelow(above)).and;
  const waits = (sessionId: string) => ({ ...openIn(parent, 1, "child"), sessionId });
  const withParent = (patch: Partial<SessionState>, from = below) =>
    withRelative(from, above.sessionId, relative(from, { id: above.sessionId, ...patch }));
  const orphaned = `session ${above.sessionId}, which started it, does not wait for it any more`;

  test("hands on what its last task gave", () => {
    expect(below.state.parent).toEqual(above);
    below.when(report("a", 1, done(7))).then({ type: "TaskCompleted" }, { type: "SessionCompleted", output: 7 });
  });

  test("looks whether it is waited for, and goes on if it is, or if nobody can tell", () => {
    const needs = { rows: [], agents: [], caps: [], relatives: [above.sessionId] };
    below.when(tick(T0)).then().answers({ kind: "needs_facts", needs });
    withParent({ open: [waits(below.state.id)] })
      .when(tick(T0))
      .then()
      .answers({ kind: "unchanged" });
    withRelative(below, above.sessionId, null).when(tick(T0)).then();
  });

  test.each([
    ["its parent has ended", { status: "cancelled", open: [] }],
    ["its parent waits for another in its place", { status: "open", open: [waits("ses_00OTHER")] }],
    ["its parent went on without it", { status: "open", open: [] }],
  ] as const)("is cancelled when %s, before anything else that is due", (_why, patch) => {
    const outcome = withParent(patch).when(tick(T0 + 30 * SECOND));
    outcome.then(
      { type: "AttemptEnded", outcome: "cancelled", error: { code: "session_cancelled", message: orphaned } },
      { type: "TaskCancelled" },
      { type: "SessionCancelled", reason: orphaned, actor: { kind: "system", id: "engine" } },
    );
    expect(outcome.and.state.status).toBe("cancelled");
  });

  test("is cancelled also while it is paused", () => {
    const paused = below.when(pause()).and;
    withParent({ status: "failed", open: [] }, paused)
      .when(tick(T0))
      .then({ type: "AttemptEnded" }, { type: "TaskCancelled" }, { type: "SessionCancelled" });
  });

  test("does not look for its parent once it has ended", () => {
    below.when(cancel()).and.when(tick(T0)).then().answers({ kind: "unchanged" });
  });
});
