import type { OpsCore } from "./client.ts";
import { OpsCoreError } from "./errors.ts";
import type { JsonObject, TaskFailure } from "./inputs.ts";
import type { ReceivedTask } from "./received-task.ts";
import type { Seams } from "./seams.ts";
import { failureOf } from "./task-failure.ts";

/** What a handler has besides its task. */
export interface TaskContext {
  /** Aborted when the attempt is cancelled, superseded or out of time: whatever comes of it then is not sent. */
  readonly signal: AbortSignal;
  /** Shows how far it is: any JSON. Sent once a second at most, the newest wins. */
  readonly progress: (value: unknown) => void;
  /** Adds to what the task has used, such as `{ input_tokens: 120, cost_usd: 0.01 }`. Sent with the result. */
  readonly usage: (used: Readonly<Record<string, number>>) => void;
}

/** Does one task. What it returns is the task's output, what it throws its failure. */
export type Handle = (task: ReceivedTask, context: TaskContext) => unknown;

interface Surroundings {
  readonly client: OpsCore;
  readonly seams: Seams;
  readonly heartbeatMs: number;
  readonly handle: Handle;
  /** Told what could not be said to Ops-Core. */
  readonly onError: (error: OpsCoreError, task: ReceivedTask) => void;
}

const BEAT_GAP_MS = 1_000;

/** A result is worth more tries than anything else: some minutes of them, as long as a server may be away. */
const SETTLE_RETRIES = 60;

/** Codes by which a heartbeat learns that the attempt is over. */
const OVER: ReadonlySet<string> = new Set(["stale_attempt", "result_conflict", "session_ended", "task_not_found"]);

/** Codes of what will never be taken as it is. */
const REFUSED: ReadonlySet<string> = new Set(["payload_too_large", "malformed_json", "validation_failed"]);

type Outcome = { readonly ok: true; readonly output: unknown } | { readonly ok: false; readonly error: TaskFailure };

/** A copy as it will be sent; what has no JSON throws here, where the handler's fault is told. */
const asJson = (value: unknown): unknown => {
  const text = JSON.stringify(value) as string | undefined;
  return text === undefined ? undefined : JSON.parse(text);
};

const outcomeOf = async (work: () => unknown): Promise<Outcome> => {
  try {
    // Always said, or the answer to the delivery would count as the output.
    return { ok: true, output: asJson(await work()) ?? null };
  } catch (error) {
    return { ok: false, error: failureOf(error) };
  }
};

const asError = (error: unknown): OpsCoreError => {
  if (error instanceof OpsCoreError) return error;
  throw error;
};

/** Runs the handler, beats meanwhile, and settles the attempt. Resolves when nothing is left to do; never rejects for what Ops-Core says, or `onError` throws. */
export const runTask = async (task: ReceivedTask, around: Surroundings): Promise<void> => {
  const { client, seams, heartbeatMs, handle } = around;
  const stop = new AbortController();
  const done = new AbortController();
  let nudge = new AbortController();
  let progress: unknown;
  const used: Record<string, number> = {};
  const tell = (error: OpsCoreError): void => {
    try {
      around.onError(error, task);
    } catch {
      // A fault there must cost neither the result nor the process.
    }
  };

  const beat = async (): Promise<void> => {
    nudge = new AbortController();
    try {
      await client.tasks.heartbeat(task.id, progress === undefined ? {} : { progress }, { signal: done.signal });
    } catch (error) {
      const said = asError(error);
      if (OVER.has(said.code)) return stop.abort(said);
      // Else no heartbeat would come through any more, and a cancelled task would never hear of it.
      if (REFUSED.has(said.code)) progress = undefined;
      if (said.code !== "aborted") tell(said);
    }
  };
  const beats = async (): Promise<void> => {
    for (;;) {
      await beat();
      if (done.signal.aborted || stop.signal.aborted) return;
      await seams.sleep(Math.min(BEAT_GAP_MS, heartbeatMs), done.signal);
      await seams.sleep(heartbeatMs - BEAT_GAP_MS, AbortSignal.any([done.signal, nudge.signal]));
      if (done.signal.aborted) return;
    }
  };
  const settle = async (outcome: Outcome, usage: { readonly usage?: JsonObject }): Promise<void> => {
    const options = { maxRetries: SETTLE_RETRIES };
    if (!outcome.ok) await client.tasks.fail(task.id, { error: outcome.error, ...usage }, options);
    else await client.tasks.complete(task.id, { output: outcome.output, ...usage }, options);
  };

  const beating = beats().catch(() => undefined);
  const context: TaskContext = {
    signal: stop.signal,
    progress: (value) => {
      progress = asJson(value);
      nudge.abort();
    },
    usage: (more) => {
      for (const [name, amount] of Object.entries(more)) used[name] = (used[name] ?? 0) + amount;
    },
  };
  const outcome = await outcomeOf(() => handle(task, context));
  done.abort();
  await beating;
  if (stop.signal.aborted) return;
  try {
    await settle(outcome, Object.keys(used).length === 0 ? {} : { usage: used }).catch((error: unknown) => {
      const said = asError(error);
      if (!REFUSED.has(said.code)) throw said;
      const refused = { code: "output_refused", message: said.detail, retryable: false };
      return settle({ ok: false, error: outcome.ok ? refused : outcome.error }, {});
    });
  } catch (error) {
    tell(asError(error));
  }
};
