import type { CrashWorld } from "./world.ts";
import type { People, Task, Work } from "./people.ts";

/** A piece of life that takes the use cases it names through their port calls; every port call is a crash point. */
export interface Story {
  readonly name: string;
  /** All of them: a test compares them with those that the story really had. */
  readonly useCases: readonly string[];
  readonly mode?: "auto" | "direct" | "agentkit";
  /** How many sessions a sweep ticks itself; default: all. */
  readonly own?: number;
  /** The recovery is not killed as well: another story does that. */
  readonly once?: boolean;
  readonly hints?: "delivered" | "lost";
  /** All calls are left to the queue consumer; or the long ones, as on Workers: there, only a sweep makes them itself. */
  readonly handsOn?: "all" | "long";
  /** How long it takes at most without any death (ms); default: a minute. */
  readonly lastsMs?: number;
  /** What a crash may cost more than its lease and 65 s (ms). */
  readonly slackMs?: number;
  readonly play: (people: People, world: CrashWorld) => Promise<void>;
}

/** What the agents of all stories make of a task: the same for every attempt. */
export const madeOf = (task: Task): Record<string, unknown> => ({ made: task.name, of: task.parameters });

/** An agent that says *working*, and a while later that it has finished, by the task's id. */
export const reporting =
  (people: People, agentId: string, which = "plain"): ((task: Task) => Work) =>
  (task) => {
    const id = { opscore_task_id: task.attemptId };
    const end = () => people.report(`report: completes (${which})`, agentId, "idle", { ...id, result: madeOf(task) });
    const begin = () =>
      people.report(`report: working (${which})`, agentId, "active", id, { next: end, afterMs: 3_000 });
    return { later: [[200, begin]] };
  };

export const sessions = "/v1/opscore/sessions";

export const keyed = (key: string): { readonly headers: Record<string, string> } => ({
  headers: { "Idempotency-Key": key },
});

/** An agent that completes each task by call a while after it was given it, if `still` says so by then. */
export const completing =
  (people: People, afterMs: number, still: () => boolean = () => true): ((task: Task) => Work) =>
  (task) => {
    const end = () => people.settle("complete", "complete", task.attemptId, { output: madeOf(task) });
    return { later: [[afterMs, () => (still() ? end() : Promise.resolve())]] };
  };

/** Starts a session of a definition that comes along. */
export const startInline = (
  people: People,
  workflowDefinition: unknown,
  options: { readonly next?: (body: Record<string, unknown>) => Promise<void> } = {},
  initialPayload: Record<string, unknown> = {},
): Promise<void> =>
  people.say(
    "start: inline definition",
    "POST",
    sessions,
    { workflowDefinition, initialPayload },
    {
      ...keyed("one"),
      ...options,
    },
  );
