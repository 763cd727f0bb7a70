import type { People } from "./people.ts";
import { completing, keyed, madeOf, sessions, startInline, type Story } from "./story.ts";

type Body = Record<string, unknown>;

/** What a person says to a session, one word after the other: `[use case, path below the session, body, key]`. */
type Word = readonly [useCase: string, path: string, body: Body, key?: string];

const sayAll =
  (people: People, words: readonly Word[], afterMs = 100) =>
  (started: Body): Promise<void> => {
    const [word, ...others] = words;
    if (word === undefined) return Promise.resolve();
    const [useCase, path, body, key] = word;
    const more = { ...(key === undefined ? {} : keyed(key)), next: () => sayAll(people, others, afterMs)(started) };
    return people.say(useCase, "POST", `${sessions}/${String(started["sessionId"])}/${path}`, body, {
      ...more,
      afterMs,
    });
  };

/** A person decides about every task of a session, and tells it what it waits for. */
export const steered: Story = {
  name: "steered by hand",
  useCases: [
    "PUT of a new agent",
    "start: inline definition",
    "retry",
    "skip",
    "complete by hand",
    "fail by hand",
    "approve",
    "reject",
    "signal",
    "complete",
    "a sweep that finds nothing",
  ],
  play: async (people) => {
    let newest = 0;
    people.agent("ned", (task) => {
      if (task.name === "again") newest = task.attempt;
      const isLeft = task.name === "done" || task.name === "undone" || (task.name === "again" && task.attempt === 1);
      // Whoever is given a task anew does it no more for the attempt before.
      return isLeft ? {} : completing(people, 10_000, () => task.name !== "again" || task.attempt === newest)(task);
    });
    const agent = (taskId: string, more: Body = {}): Body => ({ taskId, agentId: "ned", dependsOn: [], ...more });
    const tasks = [
      agent("again"),
      { taskId: "passed", type: "signal", signal: "never", dependsOn: [] },
      agent("done"),
      agent("undone", { onFailure: "continue" }),
      { taskId: "yes", type: "approval", dependsOn: [] },
      { taskId: "no", type: "approval", onFailure: "continue", dependsOn: [] },
      { taskId: "told", type: "signal", signal: "go", dependsOn: [] },
      agent("last", {
        dependsOn: ["again", "passed", "done", "undone", "yes", "no", "told"],
        parameters: { done: "${tasks.done.output}", who: "${tasks.yes.output.by}", told: "${tasks.told.output}" },
      }),
    ];
    const words: readonly Word[] = [
      ["retry", "tasks/again/retry", {}, "retry-1"],
      ["skip", "tasks/passed/skip", {}],
      ["complete by hand", "tasks/done/complete", { output: { by: "hand" } }],
      ["fail by hand", "tasks/undone/fail", { error: { code: "given_up", message: "no more" } }],
      ["approve", "tasks/yes/approve", { by: "chief", comment: "fine" }],
      ["reject", "tasks/no/reject", { by: "chief", comment: "too dear" }],
      ["signal", "signals/go", { payload: { at: "once" } }, "go-1"],
    ];
    const start = () => startInline(people, { id: "steered", name: "Steered", tasks }, { next: sayAll(people, words) });
    await people.put("PUT of a new agent", "ned", [], { capacity: 5, next: start });
  },
};

/** A session that stands still while its agent ends what it has in hand and a signal comes before anything waits for it. */
export const paused: Story = {
  name: "paused and resumed",
  useCases: [
    "PUT of a new agent",
    "start: inline definition",
    "pause",
    "signal: early",
    "resume",
    "complete",
    "a sweep",
    "a sweep that finds nothing",
  ],
  play: async (people) => {
    people.agent("pam", completing(people, 4_000));
    const tasks = [
      { taskId: "first", agentId: "pam" },
      { taskId: "told", type: "signal", signal: "go" },
      { taskId: "rest", type: "wait", for: "5s" },
      { taskId: "second", agentId: "pam", parameters: { told: "${tasks.told.output}" } },
    ];
    const words: readonly Word[] = [
      ["pause", "pause", { reason: "a look at it" }, "pause-1"],
      ["signal: early", "signals/go", { payload: 7 }, "go-1"],
      ["resume", "resume", {}, "resume-1"],
    ];
    const start = () =>
      startInline(people, { id: "still", name: "Still", tasks }, { next: sayAll(people, words, 6_000) });
    await people.put("PUT of a new agent", "pam", [], { next: start });
  },
};

/** One task without a workflow, and one that is cancelled before its time. */
export const single: Story = {
  name: "single tasks",
  useCases: ["PUT of a new agent", "enqueue", "cancel a task", "complete"],
  play: (people) => {
    people.agent("tim", completing(people, 2_000));
    const path = "/v1/opscore/tasks";
    const cancel = ({ id }: Body) =>
      people.say("cancel a task", "POST", `${path}/${String(id)}/cancel`, { reason: "no" });
    const wish = { agentId: "tim", at: "2030-01-01T00:00:00Z" };
    const later = () => people.say("enqueue", "POST", path, wish, { ...keyed("later"), next: cancel });
    const now = () =>
      people.say("enqueue", "POST", path, { agentId: "tim", parameters: { x: 1 } }, { ...keyed("now"), next: later });
    return people.put("PUT of a new agent", "tim", [], { capacity: 5, next: now });
  },
};

/** A session is run again from the task that failed; then another, by the dozen, and what it made is left alone. */
export const again: Story = {
  name: "run again",
  useCases: [
    "PUT of a new agent",
    "start: inline definition",
    "complete",
    "fail",
    "rerun from a task",
    "rerun of many",
    "cancel many",
  ],
  play: async (people) => {
    const many = (useCase: string, action: string): Promise<void> =>
      people.say(
        useCase,
        "POST",
        `${sessions}/bulk`,
        { action, filter: { workflowId: "alone" } },
        keyed(`many-${action}`),
      );
    const alone = {
      id: "alone",
      name: "Alone",
      tasks: [{ taskId: "weak", agentId: "ron", retry: { maxAttempts: 1 } }],
    };
    /** What a person does each time when a task has failed. */
    const afterFailure: ((sessionId: string) => Promise<void>)[] = [
      (sessionId) =>
        people.say(
          "rerun from a task",
          "POST",
          `${sessions}/${sessionId}/rerun`,
          { fromTaskId: "weak", parameters: { again: true }, reason: "once more" },
          keyed("again"),
        ),
      () => many("rerun of many", "rerun"),
      () => many("cancel many", "cancel"),
    ];
    const startAlone = () =>
      people.say("start: inline definition", "POST", sessions, { workflowDefinition: alone }, keyed("two"));
    people.agent("ron", (task) => {
      const { name, parameters, attemptId } = task;
      const next = () => afterFailure.shift()?.(`ses_${attemptId.slice(4).split(".")[0]}`) ?? Promise.resolve();
      const error = { code: "boom", message: "it broke" };
      const act =
        name === "weak" && parameters["again"] !== true
          ? () => people.settle("fail", "fail", attemptId, { error }, { next })
          : () =>
              people.settle(
                "complete",
                "complete",
                attemptId,
                { output: madeOf(task) },
                name === "last" ? { next: startAlone } : {},
              );
      return { later: [[1_000, act]] };
    });
    const of = "${tasks.good.output}";
    const tasks = [
      { taskId: "good", agentId: "ron" },
      { taskId: "weak", agentId: "ron", parameters: { of }, retry: { maxAttempts: 1 } },
      { taskId: "last", agentId: "ron", parameters: { of, weak: "${tasks.weak.output}" } },
    ];
    const start = () => startInline(people, { id: "weak", name: "Weak", tasks });
    await people.put("PUT of a new agent", "ron", [], { next: start });
  },
};
