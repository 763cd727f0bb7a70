import { taskIdOf } from "../ids.ts";
import type { SessionEvent } from "./events.ts";
import type { CarriedTask } from "./flow-events.ts";
import type { AttemptView, TaskView } from "./view.ts";

/** A task as it is folded from the log, before what is in flight is added. */
export type Draft = { -readonly [K in keyof TaskView]: TaskView[K] } & { attempts: AttemptView[] };

/** An attempt ends soon after it began, so it is looked for from the end: a long history costs no more a step. */
export const endAttemptView = (draft: Draft, attemptId: string, end: Partial<AttemptView>): void => {
  const at = draft.attempts.findLastIndex((attempt) => attempt.id === attemptId);
  draft.attempts[at] = { ...draft.attempts[at]!, ...end }; // an attempt is requested before anything ends it
};

const draftOf = (sessionId: string, { taskId, n }: { readonly taskId: string; readonly n: number }): Draft => ({
  taskId,
  id: taskIdOf(sessionId, n),
  name: taskId,
  status: "waiting",
  agentId: null,
  parameters: {},
  output: null,
  error: null,
  fallback: null,
  map: null,
  lateResults: 0,
  attempts: [],
});

/** The place of an item in its map. */
const placeOf = (sessionId: string, { taskId, of, index }: SessionEvent & { type: "TaskEntered" }): TaskView["map"] =>
  of === undefined || index === undefined ? null : { taskId, id: taskIdOf(sessionId, of), index };

/** What the logs of earlier sessions say of tasks that a rerun has carried over, by the ids they have there. */
export type CarriedEvents = ReadonlyMap<string, readonly SessionEvent[]>;

/** A task as an earlier session has it, with what the log there says of it. */
const carriedDraft = (sessionId: string, task: CarriedTask, carried: CarriedEvents | undefined): Draft => {
  const { from, status, by } = task;
  const carriedFrom = taskIdOf(from.sessionId, from.n);
  const draft: Draft = {
    ...draftOf(sessionId, task),
    // What a fallback came to is not what became of the task itself.
    status: by === undefined ? status : "failed",
    carriedFrom,
  };
  for (const event of carried?.get(carriedFrom) ?? []) {
    if (event.type === "TaskEntered") draft.parameters = event.parameters;
    if (event.type === "TaskFailed") draft.error = event.error;
    if (event.type === "TaskCompleted") draft.agentId = event.agentId;
    if (event.type === "TaskCompleted" || event.type === "TaskResolved") draft.output = event.output;
  }
  return draft;
};

/** One more event of the log of a session. */
export const applyTo = (
  drafts: Map<number, Draft>,
  sessionId: string,
  event: SessionEvent,
  at: number,
  carried: CarriedEvents | undefined,
): void => {
  if (event.type === "TasksCarried") {
    for (const task of event.tasks) drafts.set(task.n, carriedDraft(sessionId, task, carried));
    return;
  }
  if (event.type === "TaskEntered") {
    const map = placeOf(sessionId, event);
    drafts.set(event.n, { ...draftOf(sessionId, event), parameters: event.parameters, map });
    return;
  }
  if (event.type === "TaskSkipped") {
    drafts.set(event.n, { ...(drafts.get(event.n) ?? draftOf(sessionId, event)), status: "skipped" });
    return;
  }
  const draft = "n" in event ? drafts.get(event.n) : undefined;
  if (draft === undefined) return;
  switch (event.type) {
    case "DispatchRequested":
      draft.agentId = event.agentId;
      if (event.again) endAttemptView(draft, event.attemptId, { dispatchedAt: at });
      else
        draft.attempts.push({
          attempt: event.attempt,
          id: event.attemptId,
          agentId: event.agentId,
          status: "running",
          transport: null,
          dispatchedAt: at,
          startedAt: null,
          endedAt: null,
          error: null,
          counts: true,
          usage: null,
          notes: [],
          progress: null,
        });
      return;
    case "AttemptEnded":
    case "TaskCompleted": {
      const failed = event.type === "AttemptEnded";
      endAttemptView(draft, event.attemptId, {
        status: failed ? event.outcome : "completed",
        transport: event.trace.transport,
        startedAt: event.trace.startedAt,
        endedAt: at,
        usage: event.usage ?? null,
        notes: event.trace.notes ?? [],
        ...(failed ? { error: event.error, counts: event.counts } : {}),
      });
      if (failed) draft.error = event.error;
      else Object.assign(draft, { status: "completed", output: event.output, error: null });
      return;
    }
    case "CallFailed":
      draft.error = event.error;
      return;
    case "TaskResolved":
      Object.assign(draft, { status: "completed", output: event.output, error: null });
      return;
    case "TaskFailed":
      Object.assign(draft, { status: "failed", error: event.error });
      return;
    case "TaskCancelled":
      draft.status = "cancelled";
      return;
    case "LateResultRecorded":
      draft.lateResults += 1;
      return;
    default:
      return;
  }
};
