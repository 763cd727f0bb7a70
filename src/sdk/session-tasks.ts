import type { TaskControlledAnswer } from "../contract/answers/control.ts";
import type { Decision } from "./inputs.ts";
import type { KeyedOptions } from "./options.ts";
import type { Transport } from "./transport.ts";

type Word<Body extends object> = (
  sessionId: string,
  /** Its `taskId` in the definition; of an item of a map its id. */
  task: string,
  body?: Body,
  options?: KeyedOptions,
) => Promise<TaskControlledAnswer>;

type Nothing = Readonly<Record<string, never>>;

/** A person's word about one task of a session. Too late is a 409. */
export interface SessionTasks {
  /** Tries it now, instead of at the planned time. */
  readonly retryTask: Word<Nothing>;
  /** Goes on without it. */
  readonly skipTask: Word<Nothing>;
  /** Counts it as completed with this output. */
  readonly completeTask: Word<{ readonly output?: unknown }>;
  /** Counts it as failed. */
  readonly failTask: Word<{ readonly error?: { readonly code?: string; readonly message: string } }>;
  /** Approves what an `approval` asks. */
  readonly approveTask: Word<Decision>;
  /** Rejects what an `approval` asks. */
  readonly rejectTask: Word<Decision>;
}

/** @internal */
export const sessionTasksOf = ({ send }: Transport): SessionTasks => {
  const word =
    <Body extends object>(verb: "retry" | "skip" | "complete" | "fail" | "approve" | "reject"): Word<Body> =>
    (sessionId, task, body, options) =>
      send(`POST /v1/opscore/sessions/{sessionId}/tasks/{task}/${verb}`, {
        repeat: "keyed",
        path: { sessionId, task },
        body: body ?? {},
        options,
      });
  return {
    retryTask: word("retry"),
    skipTask: word("skip"),
    completeTask: word("complete"),
    failTask: word("fail"),
    approveTask: word("approve"),
    rejectTask: word("reject"),
  };
};
