import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { readBody, registration, runRequest, type Fault, type JsonBody } from "./agentkit-schema.ts";
import { sendWebhook, type RegisteredAgent } from "./agentkit-webhook.ts";
import { invokeTool, type ExternalTools } from "./agentkit-tools.ts";
import { startListener, type Incoming, type Reply } from "./listener.ts";
import { post } from "./post.ts";
import { pythonTime } from "./python-time.ts";

/** What may be wrong with AgentKit until the next `setFault`. */
export interface AgentKitFault {
  readonly run?: 404 | 500 | "hang";
  readonly webhook?: "lost" | { readonly delayMs: number };
}

export interface StandInAgentKitOptions {
  /** 0 or nothing: a free one. */
  readonly port?: number;
  /** The whole URL of the notify endpoint, read at each registration. Without it, or without a secret, no webhook is sent. */
  readonly webhookUrl?: string;
  readonly webhookSecret?: string;
  /** `swallow`, as published: accepts every task and delivers none. `forward`: with that fault corrected. */
  readonly deliver: "swallow" | "forward";
  readonly fault?: AgentKitFault | null;
  /** Beside the local ones of every AgentKit here. */
  readonly externalTools?: ExternalTools;
  readonly log?: (line: string) => void;
}

export interface StandInAgentKit {
  /** Base without `/v1`. */
  readonly url: string;
  readonly agents: ReadonlyMap<string, RegisteredAgent>;
  /** Every request to run that was accepted. */
  readonly runs: readonly { readonly agentId: string; readonly body: JsonBody }[];
  setFault(fault: AgentKitFault | null): void;
  /** What a restart does: ids are unknown from now on and names are free again. */
  forgetAgents(): void;
  close(): Promise<void>;
}

/** Speaks AgentKit's protocol as recorded from the real one, for tests and for the sample fleet. */
export const startStandInAgentKit = async (options: StandInAgentKitOptions): Promise<StandInAgentKit> => {
  const { webhookSecret, log = () => undefined } = options;
  const agents = new Map<string, RegisteredAgent>();
  const runs: { agentId: string; body: JsonBody }[] = [];
  const closing = new AbortController();
  let fault: AgentKitFault = options.fault ?? {};

  const inBackground = (what: string, work: () => Promise<void>): void => {
    work().catch((error: unknown) => {
      if (!closing.signal.aborted) log(`${what} failed: ${String(error)}`);
    });
  };

  const notify = (agent: RegisteredAgent): void => {
    const { webhookUrl } = options;
    if (!webhookUrl || !webhookSecret || fault.webhook === "lost") return;
    const delayMs = fault.webhook?.delayMs ?? 0;
    inBackground(`Webhook for ${agent.agentName}`, async () => {
      if (delayMs > 0) await sleep(delayMs, undefined, { signal: closing.signal });
      await sendWebhook(webhookUrl, webhookSecret, agent, closing.signal);
    });
  };

  const forward = ({ agentId, contactEndpoint }: RegisteredAgent, body: JsonBody): void => {
    if (options.deliver === "swallow") return;
    inBackground(`Delivery to ${agentId}`, async () => {
      const message = JSON.stringify(forwardedBody(body));
      const { status } = await post(contactEndpoint, { body: message, timeoutMs: 15_000, signal: closing.signal });
      if (status >= 400) throw new Error(`the agent answered ${status}`);
    });
  };

  const register = (incoming: Incoming): Reply => {
    const read = readBody(incoming, registration);
    if ("faults" in read) return invalid(read.faults);
    const agent = newAgent(read.body);
    const { agentId, agentName } = agent;
    if ([...agents.values()].some((other) => other.agentName === agentName))
      return refused(409, `Agent with name '${agentName}' already registered.`);
    agents.set(agentId, agent);
    const message = `Agent '${agentName}' registered successfully.`;
    return { status: 201, body: success(message, { agentId }), after: () => notify(agent) };
  };

  const run = async (incoming: Incoming, agentId: string): Promise<Reply> => {
    if (fault.run === "hang") await new Promise<never>(() => undefined);
    if (fault.run === 500) return refused(500, "Internal Server Error");
    const read = readBody(incoming, runRequest);
    if ("faults" in read) return invalid(read.faults);
    const agent = fault.run === 404 ? undefined : agents.get(agentId);
    if (agent === undefined) return refused(404, `Agent with ID '${agentId}' not found.`);
    if (read.body["messageType"] === "tool_invocation")
      return invokeTool(read.body, options.externalTools ?? {}, closing.signal);
    runs.push({ agentId, body: read.body });
    const message = `Task accepted for agent ${agentId}. Dispatch scheduled.`;
    const data = { agentId, dispatch_status: "scheduled" };
    return { status: 202, body: success(message, data), after: () => forward(agent, read.body) };
  };

  const listener = await startListener(options.port ?? 0, (incoming) => {
    const { method, path } = incoming;
    const runPath = /^\/v1\/agents\/([^/]+)\/run$/.exec(path);
    if (path === "/v1/agents/register") return method === "POST" ? register(incoming) : methodNotAllowed;
    if (runPath !== null)
      return method === "POST" ? run(incoming, decodeURIComponent(runPath[1] ?? "")) : methodNotAllowed;
    if (method === "GET" && path === "/health") return { status: 200, body: { status: "healthy" } };
    if (method === "GET" && path === "/") return { status: 200, body: { message: "Welcome to AgentKit API" } };
    return refused(404, "Not Found");
  });

  return {
    url: listener.url,
    agents,
    runs,
    setFault: (next) => {
      fault = next ?? {};
    },
    forgetAgents: () => agents.clear(),
    close: () => {
      closing.abort();
      return listener.close();
    },
  };
};

const newAgent = (body: JsonBody): RegisteredAgent => {
  const metadata = body["metadata"] as JsonBody | null | undefined;
  return {
    agentId: randomUUID(),
    agentName: body["agentName"] as string,
    capabilities: (body["capabilities"] as string[] | undefined) ?? [],
    version: body["version"] as string,
    contactEndpoint: new URL(body["contactEndpoint"] as string).href,
    metadata: metadata ? { description: metadata["description"] ?? null, config: metadata["config"] ?? null } : null,
    registration_time: `${pythonTime()}Z`,
  };
};

/** Rebuilt from the known fields: everything else is lost on the way to the agent. */
const forwardedBody = (body: JsonBody): JsonBody => {
  const context = body["sessionContext"] as JsonBody | null | undefined;
  return {
    senderId: body["senderId"],
    timestamp: forwardedTime(body["timestamp"]),
    messageType: body["messageType"],
    payload: body["payload"],
    sessionContext: context
      ? {
          sessionId: context["sessionId"] ?? null,
          priorMessages: context["priorMessages"] === undefined ? [] : context["priorMessages"],
        }
      : null,
    task_name: body["task_name"] ?? null,
    opscore_session_id: body["opscore_session_id"] ?? null,
    opscore_task_id: body["opscore_task_id"] ?? null,
  };
};

const forwardedTime = (timestamp: unknown): string => {
  if (typeof timestamp === "number") return new Date(timestamp * 1000).toISOString().replace(".000Z", "Z");
  if (typeof timestamp !== "string") return `${pythonTime()}Z`;
  const micros = /\.(\d{1,6})/.exec(timestamp)?.[1];
  const whole = new Date(timestamp).toISOString().slice(0, 19);
  return micros === undefined ? `${whole}Z` : `${whole}.${micros.padEnd(6, "0")}Z`;
};

const success = (message: string, data: JsonBody): JsonBody => ({ status: "success", message, data, error_code: null });
const refused = (status: number, detail: string): Reply => ({ status, body: { detail } });
const invalid = (faults: readonly Fault[]): Reply => ({ status: 422, body: { detail: faults } });
const methodNotAllowed = refused(405, "Method Not Allowed");
