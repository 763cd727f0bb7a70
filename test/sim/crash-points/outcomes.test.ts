import { expect, test } from "vitest";
import { cancelledParent, children, failingChildren } from "./stories-children.ts";
import { again, paused, steered } from "./stories-control.ts";
import { engineCalls, handedCalls, longCalls, mapping, undoing, unheardCalls, ways } from "./stories-flow.ts";
import type { Story } from "./story.ts";
import { referenceOf } from "./survey.ts";

type Json = Record<string, unknown>;

/** How the sessions of a story end without any death, with each task's status, and the parameters of the last one. */
const endOf = async (story: Story) => {
  const { sessions } = (await referenceOf(story)).outcome;
  return sessions.map((session) => {
    const tasks = session["tasks"] as Json[];
    return {
      status: session["status"],
      tasks: tasks.map(({ taskId, status }) => `${String(taskId)} ${String(status)}`).toSorted(),
      last: tasks.at(-1)?.["parameters"],
    };
  });
};

const made = (name: string, of: Json = {}): Json => ({ made: name, of });

// Deaths are compared with what happens without any, so that has to be right itself.
test.each(
  (
    [
      [
        steered,
        [
          {
            status: "completed",
            tasks: ["again completed", "done completed", "last completed", "no failed", "passed skipped"].concat([
              "told completed",
              "undone failed",
              "yes completed",
            ]),
            last: { done: { by: "hand" }, who: "chief", told: { at: "once" } },
          },
        ],
      ],
      [
        paused,
        [
          {
            status: "completed",
            tasks: ["first completed", "rest completed", "second completed", "told completed"],
            last: { told: 7 },
          },
        ],
      ],
      [
        again,
        [
          { status: "failed", tasks: ["good completed", "weak failed"], last: { of: made("good") } },
          {
            status: "completed",
            tasks: ["good completed", "last completed", "weak completed"],
            last: { of: made("good"), weak: made("weak", { of: made("good"), again: true }) },
          },
          { status: "failed", tasks: ["weak failed"], last: {} },
          { status: "failed", tasks: ["weak failed"], last: {} },
        ],
      ],
      [
        engineCalls,
        [
          {
            status: "completed",
            tasks: ["add completed", "after completed", "pay completed"],
            last: { paid: 1, sum: 2 },
          },
        ],
      ],
      [
        handedCalls,
        [
          {
            status: "completed",
            tasks: ["add completed", "after completed", "pay completed"],
            last: { paid: 1, sum: 2 },
          },
        ],
      ],
      ...[longCalls, unheardCalls].map((story) => [
        story,
        [
          {
            status: "completed",
            tasks: ["add completed", "after completed", "pay completed", "short completed"],
            last: { paid: 2, sum: 3 },
          },
        ],
      ]),
      [
        mapping,
        [
          {
            status: "completed",
            tasks: ["each completed", "each completed", "each completed", "each completed", "sum completed"],
            last: { all: [10, 20, 30].map((item, at) => made("each", { item, at })) },
          },
        ],
      ],
      [
        ways,
        [
          {
            status: "completed",
            tasks: ["close completed", "count completed", "drop skipped", "rarely skipped"].concat([
              "triage completed",
              "write failed",
              "write_simply completed",
            ]),
            last: { text: made("write_simply"), drop: "skipped", rarely: "skipped" },
          },
        ],
      ],
      [
        undoing,
        [
          {
            status: "failed",
            tasks: [
              "cancel_flight completed",
              "cancel_hotel completed",
              "flight completed",
              "hotel completed",
              "pay failed",
            ],
            last: { was: made("flight") },
          },
        ],
      ],
      [
        children,
        [
          {
            status: "completed",
            tasks: ["after completed", "part completed"],
            last: { from: made("inner", { got: 7, x: 7, y: 7 }) },
          },
          { status: "completed", tasks: ["inner completed"], last: { got: 7, x: 7, y: 7 } },
        ],
      ],
      [
        failingChildren,
        [
          { status: "failed", tasks: ["part failed"], last: { x: 7, y: 7 } },
          ...[1, 2].map(() => ({ status: "failed", tasks: ["inner failed"], last: { got: 7, x: 7, y: 7 } })),
        ],
      ],
      [
        cancelledParent,
        [
          { status: "cancelled", tasks: ["part cancelled"], last: { x: 7, y: 7 } },
          { status: "cancelled", tasks: ["inner cancelled"], last: { got: 7, x: 7, y: 7 } },
        ],
      ],
    ] as readonly (readonly [Story, readonly unknown[]])[]
  ).map(([story, ends]) => ({ name: story.name, story, ends })),
)("$name", async ({ story, ends }) => {
  expect(await endOf(story)).toEqual(ends);
});
