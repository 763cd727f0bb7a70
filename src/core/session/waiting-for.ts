import type { Facts } from "./facts.ts";
import { pickAgent, routeOf } from "./route.ts";
import type { OpenTask, SessionState, WaitCode } from "./state.ts";

/** What a session waits for, for people and for filters. */
export interface WaitingFor {
  readonly code: WaitCode;
  readonly message: string;
  readonly taskId: string;
  /** Epoch ms of the next thing that happens by itself; `null` if nothing is planned. */
  readonly until: number | null;
}

const waitOf = (task: OpenTask, facts: Facts | null, home: string | null, now: number): WaitingFor => {
  switch (task.phase) {
    case "dispatched":
      return {
        code: "agent",
        message: `agent ${task.agentId} works on "${task.taskId}" (attempt ${task.attempt})`,
        taskId: task.taskId,
        until: null,
      };
    case "backoff":
      return {
        code: "retry",
        message: `"${task.taskId}" is tried again: ${task.last?.message ?? "it is ready"}`,
        taskId: task.taskId,
        until: task.retryAt,
      };
    case "calling":
      return {
        code: "call",
        message: `the call of "${task.taskId}" is ${task.handedOn === true ? "left to the queue" : "under way"} (attempt ${task.attempt})`,
        taskId: task.taskId,
        until: null,
      };
    case "awaiting": {
      const what = task.what === "signal" ? `the signal "${task.name}"` : "somebody to approve or reject it";
      return { code: task.what, message: `"${task.taskId}" waits for ${what}`, taskId: task.taskId, until: task.until };
    }
    case "mapping": {
      const message = `"${task.taskId}" has ${task.done} of ${task.count} items done`;
      return { code: "items", message, taskId: task.taskId, until: null };
    }
    case "child": {
      const message = `"${task.taskId}" waits for session ${task.sessionId}`;
      return { code: "child", message, taskId: task.taskId, until: null };
    }
    case "sleeping":
      return { code: "timer", message: `"${task.taskId}" waits for its time`, taskId: task.taskId, until: task.until };
    case "waiting": {
      const route = facts && routeOf(task, facts, home);
      // What is in a queue is woken by an agent that becomes free, a tool too.
      const pick = facts && route && pickAgent({ ...route, tool: false }, task, facts.agents, now);
      // What held when it began to wait may have changed; with the facts at hand the reason is that of now.
      const ready = { code: "ready" as const, message: `agent ${pick?.agent?.id ?? ""} can take it now` };
      const why = pick === null ? task.why : pick.agent === null ? pick.why : ready;
      return { code: why.code, message: `"${task.taskId}" waits: ${why.message}`, taskId: task.taskId, until: null };
    }
  }
};

/** What the session waits for, in words: tasks without an agent first. With facts the reason is that of now. */
export const waitingFor = (state: SessionState, facts: Facts | null, now = 0): WaitingFor | null => {
  const rank = {
    waiting: 0,
    awaiting: 1,
    backoff: 2,
    sleeping: 3,
    calling: 4,
    child: 5,
    dispatched: 6,
    mapping: 7,
  } as const;
  const [task] = state.open.toSorted((a, b) => rank[a.phase] - rank[b.phase] || a.n - b.n);
  if (state.status !== "open" || task === undefined) return null;
  if (state.paused !== undefined) {
    const reason = state.paused.reason === null ? "" : `: ${state.paused.reason}`;
    return { code: "paused", message: `the session is paused${reason}`, taskId: task.taskId, until: null };
  }
  return waitOf(task, facts, state.home, now);
};
