import type { Json } from "../json.ts";
import type { GraphTask } from "../workflow/graph.ts";
import { noDeadlineMs } from "../workflow/normalise.ts";
import { AWAY_MS } from "./deadlines.ts";
import { failTask } from "./fail-task.ts";
import { nodeOf, workOf } from "./facts.ts";
import type { SignalReceived } from "./flow-events.ts";
import { pendingSignals } from "./signals.ts";
import type { Actor, AwaitingTask } from "./state.ts";
import { emit, openTask, rowIn, type Turn } from "./turn.ts";

/** What a signal brought; `undefined` if its row is not at hand, which is noted. */
const payloadOf = (turn: Turn, seq: number): Json | undefined =>
  rowIn(turn, seq)?.find((event): event is SignalReceived => event.type === "SignalReceived")?.payload;

/** Lets a task take the oldest signal of its name, if there is one that nobody has taken. */
export const takeSignal = (turn: Turn, taskId: string, n: number, name: string): boolean => {
  const [seq] = pendingSignals(turn.state, name);
  if (seq === undefined) return false;
  const output = payloadOf(turn, seq) ?? null;
  emit(turn, { type: "TaskResolved", taskId, n, output, by: "signal", signal: { name, seq } });
  return true;
};

/** Begins to wait for a signal or a person. A signal that came early is taken at once. */
export const beginAwaiting = (turn: Turn, n: number): void => {
  const task = openTask(turn, n)!; // callers have just seen it open
  const work = workOf(turn.facts.graph, task);
  const isSignal = work.type === "signal";
  const name = isSignal ? work.signal : task.taskId;
  if (isSignal && takeSignal(turn, task.taskId, n, name)) return;
  const { runMs } = work.timeout;
  emit(turn, {
    type: "TaskAwaited",
    taskId: task.taskId,
    n,
    what: isSignal ? "signal" : "approval",
    name,
    until: runMs >= noDeadlineMs ? null : turn.now + runMs,
  });
};

/** A person's decision as the task's output. */
export const decisionOf = (approved: boolean, by: string | null, comment: string | null): Json => ({
  approved,
  by,
  comment,
});

/** Nobody decided, or no signal came, in time: what the author wrote for that. Time in which we were away is given back. */
export const tickAwaiting = (turn: Turn, task: AwaitingTask): void => {
  const { taskId, n, until, what, name } = task;
  if (until === null || turn.now < until) return;
  const late = turn.now - until;
  if (late > AWAY_MS) return emit(turn, { type: "TaskAwaited", taskId, n, what, name, until: turn.now + late });
  const { onTimeout } = nodeOf(turn.facts.graph, taskId) as GraphTask & { type: "signal" | "approval" }; // only these wait so
  const message =
    what === "signal" ? `no signal "${name}" came in time` : `nobody approved or rejected "${taskId}" in time`;
  switch (onTimeout) {
    case "fail":
      return failTask(turn, n, { code: `${what}_timeout`, message });
    case "reject":
      return failTask(turn, n, { code: "rejected", message: `${message}, which counts as rejected` });
    case "continue":
      return emit(turn, { type: "TaskResolved", taskId, n, output: null, by: "timeout" });
    case "approve":
      return emit(turn, {
        type: "TaskResolved",
        taskId,
        n,
        output: decisionOf(true, null, message),
        by: "timeout",
      });
  }
};

/** A person approves or rejects. */
export const decideApproval = (
  turn: Turn,
  task: AwaitingTask,
  approved: boolean,
  words: { readonly by: string | null; readonly comment: string | null; readonly actor: Actor },
): void => {
  const { taskId, n } = task;
  const { by, comment, actor } = words;
  if (approved) {
    return emit(turn, {
      type: "TaskResolved",
      taskId,
      n,
      output: decisionOf(true, by, comment),
      by: "approval",
      actor,
    });
  }
  const who = by === null ? "" : ` by ${by}`;
  failTask(
    turn,
    n,
    { code: "rejected", message: comment === null ? `rejected${who}` : `rejected${who}: ${comment}` },
    actor,
  );
};
