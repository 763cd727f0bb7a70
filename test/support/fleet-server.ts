import { startListener, type Listener } from "../../scripts/samples/listener.ts";
import { webhookSignature } from "../../scripts/samples/agentkit-webhook.ts";
import { post } from "../../scripts/samples/post.ts";
import { startStandInAgentKit, type StandInAgentKit } from "../../scripts/samples/stand-in-agentkit.ts";
import { createSignal, startFleetAgent, type FleetAgent } from "./fleet-agent.ts";
import type { FleetCalls, FleetOp } from "./fleet-protocol.ts";

type Handlers = {
  readonly [Op in FleetOp]: (
    ...args: Parameters<FleetCalls[Op]>
  ) => ReturnType<FleetCalls[Op]> | Promise<ReturnType<FleetCalls[Op]>>;
};

interface Bodies {
  readonly agent_details: { readonly agentId: string; readonly contactEndpoint: string };
}

/**
 * Real AgentKits and real agents over real HTTP, told what to do over HTTP as well, so that a test inside
 * workerd drives them just as one on Node does.
 */
export const startFleet = async (): Promise<Listener> => {
  const kits: StandInAgentKit[] = [];
  const agents: FleetAgent[] = [];
  const signal = createSignal();
  const webhooks = new Map<string, string>();

  const kitOf = (kit: number): StandInAgentKit => {
    const found = kits[kit];
    if (found === undefined) throw new Error(`no AgentKit ${kit}`);
    return found;
  };
  const agentOf = (agent: number): FleetAgent => {
    const found = agents[agent];
    if (found === undefined) throw new Error(`no agent ${agent}`);
    return found;
  };

  const handlers: Handlers = {
    startKit: async ({ deliver }) => {
      const kit = await startStandInAgentKit({
        deliver,
        webhookUrl: `${control.url}/webhook`,
        webhookSecret: "unused",
      });
      return { kit: kits.push(kit) - 1, url: `${kit.url}/v1` };
    },
    setFault: (kit, fault) => {
      kitOf(kit).setFault(fault);
      return null;
    },
    forgetAgents: (kit) => {
      kitOf(kit).forgetAgents();
      return null;
    },
    countRuns: (kit) => kitOf(kit).runs.length,
    closeKit: async (kit) => {
      await kitOf(kit).close();
      return null;
    },
    startAgent: async (setup) => {
      const agent = await startFleetAgent(setup);
      return { agent: agents.push(agent) - 1, endpoint: agent.endpoint() };
    },
    register: async (kit, agent, { agentName, capabilities, metadata, endpointTold, signedAt, secret }) => {
      const contactEndpoint = agentOf(agent).endpoint();
      const answer = await post(`${kitOf(kit).url}/v1/agents/register`, {
        body: JSON.stringify({ agentName, capabilities, version: "1", contactEndpoint, metadata: metadata ?? null }),
        timeoutMs: 5_000,
      });
      if (answer.status !== 201) throw new Error(`AgentKit answered ${answer.status}: ${answer.body}`);
      const { agentId } = (JSON.parse(answer.body) as { data: { agentId: string } }).data;
      const sent = await signal.until(`the webhook for ${agentName}`, () => webhooks.get(agentId));
      const body = endpointTold === undefined ? sent : sent.replace(contactEndpoint, endpointTold);
      const timestamp = String(signedAt);
      return { agentId, body, timestamp, signature: webhookSignature(secret, timestamp, body) };
    },
    delivery: (agent, n) => agentOf(agent).delivery(n),
    deliveries: (agent) => agentOf(agent).deliveries(),
    nextReport: (agent) => agentOf(agent).nextReport(),
    reported: (agent, status) => {
      agentOf(agent).reported(status);
      return null;
    },
    finish: (agent, ok) => {
      agentOf(agent).finish(ok);
      return null;
    },
    setAnswer: (agent, answer) => {
      agentOf(agent).setAnswer(answer);
      return null;
    },
    closeAgent: async (agent) => {
      await agentOf(agent).close();
      return null;
    },
    reopenAgent: async (agent) => {
      await agentOf(agent).reopen();
      return null;
    },
  };

  const control = await startListener(0, async ({ path, body }) => {
    if (path === "/webhook") {
      webhooks.set((JSON.parse(body) as Bodies).agent_details.agentId, body);
      signal.tell();
      return { status: 200, body: { status: "success" } };
    }
    const { op, args } = JSON.parse(body) as { op: FleetOp; args: unknown[] };
    try {
      const value = await (handlers[op] as (...given: unknown[]) => unknown)(...args);
      return { status: 200, body: { value } };
    } catch (error) {
      return { status: 500, body: { error: error instanceof Error ? error.message : String(error) } };
    }
  });

  return {
    url: control.url,
    close: async () => {
      for (const server of [...kits, ...agents]) await server.close();
      await control.close();
    },
  };
};
