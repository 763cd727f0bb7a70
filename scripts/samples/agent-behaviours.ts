import type { Details, Json, ReceivedTask, SampleAgentOptions } from "./agent-options.ts";
import type { Reply } from "./listener.ts";

/** What an agent can do while it handles a task. Everything that waits rejects when the agent closes or dies. */
export interface AtWork {
  /** True if the task is done, false if it failed. */
  work(task: ReceivedTask): Promise<boolean>;
  /** The status of the answer, 0 if there was none. */
  report(state: string, details: Details): Promise<number>;
  inBackground(work: () => Promise<void>): void;
}

export type Behaviour = (task: ReceivedTask, options: SampleAgentOptions, at: AtWork) => Promise<Reply>;

const idOf = (task: ReceivedTask, withTaskIds: boolean): Details =>
  withTaskIds && task.opscore_task_id !== null ? { opscore_task_id: task.opscore_task_id } : {};

const resultOf = (task: ReceivedTask, { result }: SampleAgentOptions): Json | undefined =>
  typeof result === "function" ? result(task) : (result as Json | undefined);

const reportEnd = (
  ok: boolean,
  task: ReceivedTask,
  ids: Details,
  result: Json | undefined,
  at: AtWork,
): Promise<number> => {
  if (ok) return at.report("idle", { ...ids, ...(result === undefined ? {} : { result }) });
  const message = `Task '${task.task_name ?? "unnamed"}' failed on purpose.`;
  return at.report("error", { error_code: "simulated_failure", message, ...ids });
};

const simulated: Behaviour = async (task, options, at) => {
  const name = task.payload["task_name"];
  if (name !== undefined && name !== null && typeof name !== "string")
    return { status: 400, body: { detail: notAString(name) } };
  const ids = idOf(task, options.withTaskIds ?? true);
  const carryOut = async (): Promise<void> => {
    const status = await at.report("active", ids);
    if (status < 200 || status > 299) {
      // It gives the task up, without having worked.
      await at.report("error", { error: `OpsCore API request failed: ${status}`, ...ids });
      return;
    }
    await reportEnd(await at.work(task), task, ids, resultOf(task, options), at);
  };
  const body = { status: "success", message: "Task received and processing started." };
  return { status: 200, body, after: () => at.inBackground(carryOut) };
};

const notAString = (input: Json): string => {
  const ofObject = Array.isArray(input) ? "list" : "dict";
  const type = typeof input === "number" ? "int" : typeof input === "boolean" ? "bool" : ofObject;
  return (
    "Invalid task payload: 1 validation error for TaskPayload\ntask_name\n  Input should be a valid string " +
    `[type=string_type, input_value=${JSON.stringify(input)}, input_type=${type}]\n` +
    "    For further information visit https://errors.pydantic.dev/2.10/v/string_type"
  );
};

const aware: Behaviour = async (task, options, at) => {
  const ids = idOf(task, options.withTaskIds ?? false);
  const known = task.messageType === "workflow_task";
  const ok = known ? await at.work(task) : true;
  const after = (): void =>
    at.inBackground(async () => {
      await at.report("active", ids);
      await reportEnd(ok, task, ids, undefined, at);
    });
  if (!known) {
    const reason = `Unhandled message type: ${task.messageType}`;
    return { status: 200, body: { status: "ignored", reason }, after };
  }
  if (!ok) return { status: 200, body: { status: "failed", result: null }, after };
  const result = resultOf(task, options) ?? `Processed task '${task.task_name ?? ""}' successfully.`;
  return { status: 200, body: { status: "completed", result }, after };
};

const silent: Behaviour = async (task, options, at) => {
  const ids = idOf(task, options.withTaskIds ?? false);
  const tell = async (ok: boolean): Promise<void> => {
    await at.report("active", ids);
    await reportEnd(ok, task, ids, resultOf(task, options), at);
  };
  if (options.holdsRequest) {
    const ok = await at.work(task);
    return { status: 200, body: { status: "received" }, after: () => at.inBackground(() => tell(ok)) };
  }
  const after = (): void => at.inBackground(async () => tell(await at.work(task)));
  return { status: 200, body: { status: "received" }, after };
};

export const behaviours: Readonly<Record<SampleAgentOptions["behaviour"], Behaviour>> = { simulated, aware, silent };
