import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../../src/core/json.ts";
import { agent, call, cancel, done, failed, given, SESSION, start, type Given, type Tasks } from "../../support/given.ts"; // prettier-ignore
import { again, rerun } from "../../support/given-rerun.ts";
import { bookOf, violationsOf, type Row } from "../../support/legal-execution.ts";
import { whyNotAgain } from "../../support/legal-rerun.ts";
import { both, changed, doubled, dropped, type Tamper } from "../../support/tamper.ts";

const on = (taskId: string, more: object = {}) => ({ taskId, agentId: "a", retry: { maxAttempts: 1 }, ...more });
const ended = (tasks: Tasks, ...commands: readonly Parameters<Given["when"]>[0][]): Given =>
  commands.reduce(
    (one, command) => one.when(command).and,
    given({ tasks, agents: [agent("a", { capacity: 9 })] }).when(start()).and,
  );

const of = (taskId: string): object => ({ parameters: { of: `\${tasks.${taskId}.output}` } });

/** Sessions that have ended, and the task each is run again from. */
const olds = {
  chain: () =>
    ended([on("one"), on("two", of("one")), on("three", of("two"))], call(1, done("a")), call(2, done("b")), call(3, failed())), // prettier-ignore
  "ways that were not chosen": () =>
    ended(
      [
        on("pick", { next: [{ when: "false", taskId: "left" }, { taskId: "right" }] }),
        on("left", { nextTaskId: "three" }),
        on("right", { nextTaskId: "three" }),
        on("three", { dependsOn: ["left", "right"] }),
      ],
      call(1, done("a")),
      call(3, done("b")),
      call(4, failed()),
    ),
  "a fallback": () =>
    ended(
      [on("one", { fallbackTaskId: "two", nextTaskId: "three" }), on("two"), on("three", of("one"))],
      call(1, failed()),
      call(2, done("b")),
      call(3, failed()),
    ),
  "a failure that is borne": () =>
    ended([on("one", { onFailure: "continue" }), on("three")], call(1, failed()), call(2, failed())),
  "beside what was cancelled": () =>
    ended([on("one"), on("beside", { dependsOn: [] }), on("three", { dependsOn: ["one"] })], call(1, done("a")), cancel("enough")), // prettier-ignore
  "what is still to be undone": () =>
    ended(
      [on("one", { compensateWith: "un_one" }), on("two", { compensateWith: "un_two" }), on("three"), on("un_one"), on("un_two")], // prettier-ignore
      call(1, done("a")),
      call(2, done("b")),
      call(3, done("c")),
    ),
} satisfies Readonly<Record<string, () => Given>>;

const again3 = (old: Given, options: Parameters<typeof rerun>[2] = {}): readonly Row[] =>
  rerun(old, "three", options).and.world.log;

const sourceOf = (old: Given, parameters: JsonObject = {}) => ({
  book: bookOf(old.world.document, old.world.log),
  rowOf: (sessionId: string, seq: number) => (sessionId === SESSION ? (old.world.log[seq - 1]?.events ?? []) : []),
  parameters,
});

describe("a session that is run again from a task, together with the one before it", () => {
  test.each(Object.entries(olds))("%s: legal, until its end too", (_, make) => {
    const old = make();
    expect(violationsOf(old.world.document, old.world.log)).toEqual([]);
    expect(violationsOf(old.world.document, again3(old), sourceOf(old))).toEqual([]);
    const from = rerun(old, "three").and;
    const { n } = from.state.open.find(({ taskId }) => taskId === "three")!;
    const over = from.when(call(n, failed())).and.world;
    expect(over.log.length).toBe(2);
    expect(violationsOf(over.document, over.log, sourceOf(old))).toEqual([]);
  });

  test("of a chain, each with the one before it", () => {
    const old = olds.chain();
    const second = rerun(old, "three").and.when(call(3, failed())).and;
    const source = sourceOf(old);
    const logs = new Map<string, readonly Row[]>([[SESSION, old.world.log], [again(), second.world.log]]); // prettier-ignore
    const rowOf = (sessionId: string, seq: number) => logs.get(sessionId)?.[seq - 1]?.events ?? [];
    const book = bookOf(second.world.document, second.world.log, source);
    const third = rerun(second, "three", { id: again(2) }).and.world;
    expect(violationsOf(third.document, third.log, { book, rowOf })).toEqual([]);
    const tasks = third.log[0]!.events.flatMap((event) => (event.type === "TasksCarried" ? event.tasks : []));
    const between = tasks.map((task) => ({ ...task, from: { ...task.from, sessionId: again() } }));
    const tampered = changed("TasksCarried", { tasks: between })(third.log);
    expect(violationsOf(third.document, tampered, { book, rowOf }).join()).toContain("did not end completed in row");
  });

  test("what the request lays over the parameters is over those of that task", () => {
    const old = olds.chain();
    const parameters = { of: "else", more: 1 };
    const rows = again3(old, { parameters });
    expect(violationsOf(old.world.document, rows, sourceOf(old, parameters))).toEqual([]);
    expect(violationsOf(old.world.document, rows, sourceOf(old)).join()).toContain("three is given");
    expect(violationsOf(old.world.document, again3(old), sourceOf(old, parameters)).join()).toContain("three is given");
  });

  const plain = { taskId: "one", n: 1, status: "completed", from: { sessionId: SESSION, seq: 2, n: 1 } };
  const second = { taskId: "two", n: 2, status: "completed", from: { sessionId: SESSION, seq: 3, n: 2 } };
  const carrying = (...tasks: readonly object[]): Tamper => changed("TasksCarried", { tasks });
  const rerunOf = { sessionId: SESSION, fromTaskId: "three", reason: null };

  test.each<readonly [string, keyof typeof olds, Tamper, string]>([
    ["nothing is carried", "chain", dropped("TasksCarried"), "one,two was to be carried, and was not"],
    ["less is carried", "chain", carrying(plain), "carries one, not one,two"],
    ["the task itself is carried", "chain", carrying(plain, second, { ...plain, taskId: "three", n: 3 }), "not one,two"], // prettier-ignore
    ["another task's output", "chain", carrying(plain, { ...second, from: plain.from }), "two did not end completed"],
    ["another status", "chain", carrying(plain, { ...second, status: "skipped" }), "two is carried as skipped"],
    ["another order", "chain", carrying({ ...second, n: 1 }, { ...plain, n: 2 }), "after what came after it"],
    ["other numbers", "chain", carrying({ ...plain, n: 2 }, { ...second, n: 3 }), "one is carried as 2 after 0"],
    ["carried twice", "chain", doubled("TasksCarried"), "is not run again from one"],
    ["run again as a whole", "chain", changed("SessionStarted", { rerunOf: { ...rerunOf, fromTaskId: null } }), "is not run again from one"], // prettier-ignore
    ["run again from what was never reached", "ways that were not chosen", changed("SessionStarted", { rerunOf: { ...rerunOf, fromTaskId: "left" } }), "was never reached"], // prettier-ignore
    ["a session that has no log", "chain", changed("SessionStarted", { rerunOf: { ...rerunOf, sessionId: "ses_x" } }), "which has no log"], // prettier-ignore
    ["another definition", "chain", changed("SessionStarted", { definition: { workflowId: "w", revision: 2, hash: "" } }), "with another definition"], // prettier-ignore
    ["a choice is made again", "ways that were not chosen", both(changed("TasksCarried", { tasks: [{ ...plain, taskId: "pick" }] }), dropped("TaskEntered")), "chose right, not undefined"], // prettier-ignore
    ["a fallback that did not stand in", "a fallback", carrying({ ...plain, status: "failed" }, { ...plain, taskId: "one", n: 2 }), "two stood in for one, not undefined"], // prettier-ignore
    ["the task is not entered", "chain", both(dropped("TaskEntered"), dropped("DispatchRequested")), "does not enter it"], // prettier-ignore
  ])("%s is found out (%s)", (_, name, tamper, says) => {
    const old = olds[name]();
    expect(violationsOf(old.world.document, tamper(again3(old)), sourceOf(old)).join("\n")).toContain(says);
  });

  test("one that has not ended cannot be run again", () => {
    const old = olds.chain();
    const open = { ...sourceOf(old), book: bookOf(old.world.document, old.world.log.slice(0, 3)) };
    expect(violationsOf(old.world.document, again3(old), open).join()).toContain("which has not ended");
    expect(violationsOf(old.world.document, again3(old)).join()).toContain("which has no log");
  });

  test("where that can be, is told apart", () => {
    const undone = ended(
      [on("one", { compensateWith: "undo" }), on("two"), on("three"), on("undo")],
      call(1, done()),
      call(2, failed()),
      call(3, done()),
    );
    const book = bookOf(undone.world.document, undone.world.log);
    expect(book.violations).toEqual([]);
    expect(["one", "two", "three", "undo", "four"].map((taskId) => whyNotAgain(book, taskId))).toEqual([
      null,
      "stands on one, which was undone",
      "was never reached",
      "has no place in the order",
      "is not in the definition",
    ]);
  });
});
