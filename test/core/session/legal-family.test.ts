import { describe, expect, test } from "vitest";
import type { SessionCommand } from "../../../src/core/session/commands.ts";
import { cancel, SESSION, start, type Tasks } from "../../support/given.ts";
import { startBelow } from "../../support/given-control.ts";
import { endCall, failCall, stored } from "../../support/given-maps.ts";
import type { Row } from "../../support/legal-execution.ts";
import { familyViolationsOf } from "../../support/legal-family.ts";
import { changed, dropped, type Tamper } from "../../support/tamper.ts";

const parentTasks: Tasks = [{ taskId: "k", type: "workflow", workflowDefinitionId: "v", parameters: { x: 1 } }];
const childTasks: Tasks = [{ taskId: "h", type: "http", url: "https://x.test/" }];

const rowsOf = (tasks: Tasks, ...commands: readonly SessionCommand[]): readonly Row[] => {
  let from = stored({ tasks });
  for (const command of commands) from = from.when(command);
  return from.world.log;
};

/** A parent's log and its child's, which are decided apart. */
const family = (ofParent: readonly SessionCommand[], ofChild: readonly SessionCommand[]) => {
  const parent = rowsOf(parentTasks, start(), ...ofParent);
  const asked = parent[0]!.events.find((event) => event.type === "ChildRequested");
  const sessionId = asked?.type === "ChildRequested" ? asked.sessionId : "";
  const begin = { ...startBelow({ sessionId: SESSION, n: 1, attempt: 1, depth: 1 }), sessionId, input: { x: 1 } };
  return { parent, child: rowsOf(childTasks, begin as SessionCommand, ...ofChild) };
};

const completed = () => family([endCall(1, "done")], [endCall(1, "done")]);
const failed = () => family([failCall(1, "child_failed")], [failCall(1, "E")]);
const released = () => family([cancel("enough")], [cancel("enough")]);
const same: Tamper = (rows) => rows;

describe("a child and its parent", () => {
  test.each([
    ["both complete", completed],
    ["both fail", failed],
    ["both are cancelled", released],
    ["both are at work", () => family([], [])],
  ] as const)("%s: legal", (_, drawn) => {
    const { parent, child } = drawn();
    expect(familyViolationsOf([parent, child], true)).toEqual([]);
  });

  test.each<readonly [string, ReturnType<typeof family>, Tamper, Tamper, string]>([
    ["another output", completed(), changed("TaskResolved", { output: "other" }), same, "did not hand it on"],
    ["a child that is not done", completed(), same, dropped("SessionCompleted"), "did not hand it on"],
    ["a child that did not fail", failed(), same, changed("SessionFailed", { type: "SessionCancelled" }), "says failed of a child that is not"], // prettier-ignore
    ["a child that is left", released(), same, dropped("SessionCancelled"), "nobody waits for it"],
    ["a child of another attempt", completed(), changed("ChildRequested", { attempt: 2 }), same, "was not asked for"],
    ["a child that nobody asked for", completed(), changed("ChildRequested", { sessionId: "ses_x" }), same, "was not asked for"], // prettier-ignore
    ["another input", completed(), same, changed("SessionStarted", { input: {} }), "was not given what its task was"],
    ["too deep", completed(), same, changed("SessionStarted", { parent: { sessionId: SESSION, n: 1, attempt: 1, depth: 2 } }), "stands 2 deep"], // prettier-ignore
    ["two of one id", completed(), same, changed("SessionStarted", { sessionId: SESSION }), "started twice"],
  ])("%s is found out", (_, { parent, child }, ofParent, ofChild, says) => {
    expect(familyViolationsOf([ofParent(parent), ofChild(child)], true).join("\n")).toContain(says);
  });

  test("a child may be left for a while, and has a parent", () => {
    const { parent, child } = released();
    expect(familyViolationsOf([parent, dropped("SessionCancelled")(child)], false)).toEqual([]);
    expect(familyViolationsOf([child], false).join()).toContain("has a parent without a log");
  });
});
