import { expect, test } from "vitest";
import { start } from "../../support/given.ts";
import { failCall, stored } from "../../support/given-maps.ts";

const call = { taskId: "call", type: "http", url: "https://x.test" };

test("the head remembers which tasks nothing led to", () => {
  const tasks = [
    { ...call, onFailure: "continue", next: [{ when: "false", taskId: "x" }, { taskId: null }] },
    { taskId: "x", type: "wait", for: "1h" },
  ];
  expect(stored({ tasks }).when(start()).when(failCall(1)).state.ended).toMatchObject({
    call: { status: "failed", chose: null },
    x: { status: "skipped", dead: true },
  });
});

test("a task whose fallback failed too has failed, and waits for it no more", () => {
  const tasks = [
    { ...call, fallbackTaskId: "spare" },
    { ...call, taskId: "spare" },
  ];
  const pending = stored({ tasks }).when(start()).when(failCall(1));
  expect(pending.state.ended["call"]).toMatchObject({ status: "failed", pending: true });
  const failed = pending.when(failCall(2));
  expect(failed.state.ended["call"]).toEqual({ n: 1, status: "failed", seq: 2 });
  expect(failed.state.status).toBe("failed");
});

test("a child knows who started it", () => {
  const parent = { sessionId: "ses_other", n: 1, attempt: 1, depth: 1 };
  const child = { ...start(), parent } as ReturnType<typeof start>;
  expect(stored({ tasks: [call] }).when(child).state.parent).toEqual(parent);
});

test("a definition that is kept for one session only has no revision to read", () => {
  const tasks = [{ ...call, url: "${session.revision == null ? 'none' : 'some'}" }];
  const url = (revision: number) => {
    const command = { ...start(), definition: { workflowId: "w", revision, hash: "h" } } as ReturnType<typeof start>;
    return stored({ tasks }).when(command).events[1];
  };
  expect(url(0)).toMatchObject({ parameters: { url: "none" } });
  expect(url(1)).toMatchObject({ parameters: { url: "some" } });
});
