import type { JsonObject } from "../json.ts";
import { parseDuration } from "../workflow/duration.ts";
import { parseInstant } from "../workflow/instant.ts";
import { assignOrWait } from "./assign.ts";
import { beginAwaiting } from "./await.ts";
import { requestCall } from "./call.ts";
import { requestChild } from "./child.ts";
import { failTask } from "./fail-task.ts";
import { workOf } from "./facts.ts";
import { emit, openTask, type Turn } from "./turn.ts";

/** A wait, from what the author wrote or rendered. */
const sleep = (turn: Turn, n: number, parameters: JsonObject): void => {
  const { taskId } = openTask(turn, n)!; // callers have just seen it open
  const isFor = parameters["for"] !== undefined;
  const written = parameters[isFor ? "for" : "until"];
  const text = typeof written === "string" ? written : JSON.stringify(written ?? null);
  const ms = isFor ? parseDuration(text) : parseInstant(text);
  if (ms === null) {
    const wanted = isFor ? "a duration such as 90s" : "an instant such as 2030-01-31T08:00:00Z";
    return failTask(turn, n, { code: "invalid_wait", message: `"${text.slice(0, 64)}" is not ${wanted}` });
  }
  // What has passed is due now: a timer in the past would go before what is really late.
  const until = isFor ? turn.now + ms : Math.max(ms, turn.now);
  emit(turn, { type: "TaskSlept", taskId, n, until, fixed: !isFor });
};

/** Begins the next attempt of a ready task. Nothing begins while the session is paused; resuming looks again. */
export const attempt = (turn: Turn, n: number): void => {
  if (turn.state.paused !== undefined) return;
  const task = openTask(turn, n)!; // callers have just seen it open
  switch (workOf(turn.facts.graph, task).type) {
    case "tool":
    case "http":
      return requestCall(turn, n);
    case "workflow":
      return requestChild(turn, n);
    default:
      return assignOrWait(turn, n);
  }
};

/** Begins what a task that was just entered is there for. */
export const beginWork = (turn: Turn, n: number, parameters: JsonObject): void => {
  const task = openTask(turn, n)!; // callers have just seen it open
  switch (workOf(turn.facts.graph, task).type) {
    case "wait":
      return sleep(turn, n, parameters);
    case "signal":
    case "approval":
      return beginAwaiting(turn, n);
    default:
      return attempt(turn, n);
  }
};
