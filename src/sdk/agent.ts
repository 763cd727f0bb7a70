import type { AgentAnswer } from "../contract/answers/agent.ts";
import type { StateAcceptedAnswer } from "../contract/answers/legacy.ts";
import { createOpsCore, type OpsCore } from "./client.ts";
import type { OpsCoreError } from "./errors.ts";
import type { AgentRegistration, JsonObject } from "./inputs.ts";
import { nodeListener, type NodeListener } from "./node-listener.ts";
import type { CallOptions, ClientOptions } from "./options.ts";
import { readTask, type ReceivedTask } from "./received-task.ts";
import { runTask, type Handle } from "./run-task.ts";
import { platformSeams } from "./seams.ts";

export { OpsCoreError } from "./errors.ts";
export type { Handle, TaskContext } from "./run-task.ts";
export { TaskError } from "./task-failure.ts";
export type { NodeListener } from "./node-listener.ts";
export type { ReceivedTask } from "./received-task.ts";

/** An agent, and how it reaches Ops-Core. */
export interface AgentOptions extends ClientOptions {
  /** Its name: its identity over restarts. */
  readonly name: string;
  /** Default: its name. Of letters, digits and `._~:-`, at most 128. */
  readonly agentId?: string;
  /** What tasks may ask for. */
  readonly capabilities: readonly string[];
  /** Where Ops-Core or AgentKit posts tasks; needed for `register`. */
  readonly endpoint?: string;
  /** Default `1`. */
  readonly version?: string;
  /** How many tasks it takes at a time. Default 1. */
  readonly maxConcurrentTasks?: number;
  readonly metadata?: JsonObject;
  /** Does one task. */
  readonly handle: Handle;
  /** How often a task that is worked on says so, in milliseconds. Default 15,000. */
  readonly heartbeatMs?: number;
  /** Keeps a Worker alive until the task is done; default: that of the third argument of `fetch`. */
  readonly waitUntil?: (work: Promise<void>) => void;
  /** Told what could not be said to Ops-Core, such as a result, after all repeats. What it throws is ignored. */
  readonly onError?: (error: OpsCoreError, task: ReceivedTask) => void;
}

/** What a Worker hands to its fetch handler. */
interface ExecutionContext {
  waitUntil?(work: Promise<unknown>): void;
}

/** An agent that takes tasks. */
export interface Agent {
  readonly agentId: string;
  readonly client: OpsCore;
  /**
   * Takes a task: 202 at once, the work goes on behind it. The same attempt twice is run once (in one process or
   * isolate). No task is 400, too large a body 413, another method 405.
   */
  readonly fetch: (request: Request, env?: unknown, context?: ExecutionContext) => Promise<Response>;
  /** The same for `createServer` of `node:http`. */
  readonly listener: NodeListener;
  /** Registers the agent, or updates its registration. */
  register(options?: CallOptions): Promise<AgentAnswer>;
  /** Says what it does, as AgentKit's SDK does. Not needed for tasks that `handle` does. */
  reportState(
    state: string,
    details?: JsonObject | null,
    options?: CallOptions & { readonly timestamp?: string },
  ): Promise<StateAcceptedAnswer>;
  /** Resolves when it works on nothing. */
  idle(): Promise<void>;
}

/** A task's parameters are 256 KiB at most; the rest of a delivery is small. */
const MAX_BYTES = 1_048_576;

/** So many attempts are remembered, to be run once only. */
const MAX_KNOWN = 1_000;

const HEARTBEAT_MS = 15_000;

const configOf = ({ config }: JsonObject): JsonObject =>
  typeof config === "object" && config !== null ? (config as JsonObject) : {};

const refuse = (status: number, detail: string): Response => Response.json({ detail }, { status });

/** The text of a body that is not too large; `null` if it is. */
const readText = async (request: Request): Promise<string | null> => {
  const reader = request.body?.getReader();
  if (reader === undefined) return "";
  const decoder = new TextDecoder();
  let text = "";
  for (let size = 0; ;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    size += value.byteLength;
    if (size > MAX_BYTES) {
      await reader.cancel();
      return null;
    }
    text += decoder.decode(value, { stream: true });
  }
};

/**
 * An agent: receives tasks, acknowledges them at once, says that it works on them, and settles them by calls that name
 * the attempt. A task that is cancelled or out of time aborts the handler's signal.
 */
export const createAgent = (options: AgentOptions): Agent => {
  const { name, agentId = name, handle, heartbeatMs = HEARTBEAT_MS, onError = () => undefined } = options;
  const client = createOpsCore(options);
  const seams = options.seams ?? platformSeams;
  const known = new Set<string>();
  const running = new Set<Promise<void>>();

  const begin = (task: ReceivedTask, context: ExecutionContext | undefined): void => {
    if (known.has(task.id)) return;
    known.add(task.id);
    if (known.size > MAX_KNOWN) known.delete(known.values().next().value ?? "");
    const work: Promise<void> = runTask(task, { client, seams, heartbeatMs, handle, onError })
      .catch(() => undefined) // a bug of ours is no unhandled rejection in the agent's process
      .finally(() => running.delete(work));
    running.add(work);
    if (options.waitUntil !== undefined) options.waitUntil(work);
    else context?.waitUntil?.(work);
  };

  const registration = (): AgentRegistration => {
    const { endpoint, capabilities, version = "1", maxConcurrentTasks, metadata = {} } = options;
    if (endpoint === undefined) throw new TypeError("endpoint is missing: where are tasks to be posted?");
    const more = maxConcurrentTasks === undefined ? {} : { config: { ...configOf(metadata), maxConcurrentTasks } };
    return { agentName: name, version, capabilities, contactEndpoint: endpoint, metadata: { ...metadata, ...more } };
  };

  const take: Agent["fetch"] = async (request, _env, context) => {
    if (request.method !== "POST") {
      return Response.json({ detail: "Tasks are posted" }, { status: 405, headers: { Allow: "POST" } });
    }
    const text = await readText(request);
    if (text === null) return refuse(413, "The body is too large");
    const task = readTask(text);
    if (typeof task === "string") return refuse(400, task);
    begin(task, context);
    return Response.json({ status: "accepted", opscore_task_id: task.id }, { status: 202 });
  };

  return {
    agentId,
    client,
    fetch: take,
    listener: nodeListener(take, MAX_BYTES),
    register: async (callOptions) => client.agents.put(agentId, registration(), callOptions),
    reportState: (state, details, callOptions) => client.agents.reportState(agentId, state, details, callOptions),
    idle: async () => {
      while (running.size > 0) await Promise.all(running);
    },
  };
};
