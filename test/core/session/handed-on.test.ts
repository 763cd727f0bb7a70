import { expect, test } from "vitest";
import { agent, call, done, start } from "../../support/given.ts";
import { stored } from "../../support/given-maps.ts";

test("a child of several last tasks hands on each by name, also what was read long ago", () => {
  const tasks = ["a", "b"].map((taskId) => ({ taskId, agentId: "x", dependsOn: [] }));
  const skipped = { taskId: "c", agentId: "x", dependsOn: [], when: "false" };
  const parent = { sessionId: "ses_00PARENT", n: 1, attempt: 1, depth: 1 };
  const begun = stored({ tasks: [...tasks, skipped], agents: [agent("x", { capacity: 2 })] }).when({
    ...start(),
    parent,
  } as ReturnType<typeof start>);
  const ended = begun.when(call(1, done("first"))).when(call(2, done({ n: 2 })));
  expect(ended.loads).toBe(2);
  ended.then({ type: "TaskCompleted" }, { type: "SessionCompleted", output: { a: "first", b: { n: 2 }, c: null } });
});
