/** A task as it reaches an agent, by AgentKit or directly. */
export interface ReceivedTask {
  /** The id of this attempt, its `opscore_task_id`: what is settled. */
  readonly id: string;
  /** The task's name in the workflow definition. */
  readonly name: string;
  /** Its parameters, filled in. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** The number of the attempt, from 1. */
  readonly attempt: number;
  /** The same over all attempts of the task: to do what must not be done twice under this key. */
  readonly idempotencyKey: string;
  readonly sessionId: string | null;
  readonly workflowId: string | null;
  /** When the attempt runs out, RFC 3339; `null` if that is not known. */
  readonly deadline: string | null;
  /** W3C trace context, to be passed on; `null` without one. */
  readonly traceparent: string | null;
}

/** Any id that Ops-Core makes; others would be another path. */
const ID = /^[A-Za-z0-9][A-Za-z0-9._~:-]{0,255}$/;

type Members = Readonly<Record<string, unknown>>;

const membersOf = (value: unknown): Members =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Members) : {};

const textOf = (...values: readonly unknown[]): string | null =>
  values.find((value): value is string => typeof value === "string" && value !== "") ?? null;

/** Reads the body of a delivery; a text says what is wrong with it. Other fields are ignored, as AgentKit may add some. */
export const readTask = (body: string): ReceivedTask | string => {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return "The body is no JSON";
  }
  const top = membersOf(parsed);
  const payload = membersOf(top["payload"]);
  const id = textOf(top["opscore_task_id"], payload["opscore_task_id"]);
  if (id === null || !ID.test(id)) return "There is no opscore_task_id: this agent takes tasks of Ops-Core only";
  const { attempt } = payload;
  return {
    id,
    name: textOf(top["task_name"], payload["task_name"]) ?? "",
    parameters: membersOf(payload["task_parameters"]),
    attempt: typeof attempt === "number" ? attempt : 1,
    idempotencyKey: textOf(payload["idempotency_key"]) ?? id,
    sessionId: textOf(top["opscore_session_id"], payload["opscore_session_id"]),
    workflowId: textOf(payload["opscore_workflow_id"]),
    deadline: textOf(payload["deadline"]),
    traceparent: textOf(payload["traceparent"]),
  };
};
