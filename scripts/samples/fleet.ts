import { randomBytes } from "node:crypto";
import { startSampleAgent, type SampleAgent } from "./agent.ts";
import type { SampleAgentOptions } from "./agent-options.ts";
import { analysed, isWrong, operated, searched, written } from "./fleet-work.ts";
import { startStandInAgentKit } from "./stand-in-agentkit.ts";

type Role = Pick<SampleAgentOptions, "name" | "capabilities" | "behaviour" | "workMs" | "fails" | "result"> & {
  /** For people: how it differs from the others. */
  readonly manner: string;
};

/** AgentKit's agents are known to behave in three ways; here is each of them. */
const roles: readonly Role[] = [
  {
    name: "sample-researcher",
    capabilities: ["web_search"],
    behaviour: "simulated",
    manner: "answers at once, reports active and idle with the task's id",
    workMs: 1_200,
    // The first attempt only, whichever process it meets: so that there is a retry to be seen.
    fails: ({ payload, task_name }) => task_name === "Search for sources" && payload["attempt"] === 1,
    result: searched,
  },
  {
    name: "sample-analyst",
    capabilities: ["analysis"],
    behaviour: "aware",
    manner: "works while the request is open, answers with the result",
    workMs: 1_800,
    result: analysed,
  },
  {
    name: "sample-writer",
    capabilities: ["writing"],
    behaviour: "silent",
    manner: "says nothing until it has done the work, names no task",
    workMs: 1_500,
    result: written,
  },
  {
    name: "sample-operator",
    capabilities: ["operations"],
    behaviour: "simulated",
    manner: "as the researcher; fails a check that does not add up",
    workMs: 600,
    fails: isWrong,
    result: operated,
  },
];

export interface Fleet {
  readonly agentKitUrl: string;
  readonly agents: readonly (SampleAgent & Pick<Role, "name" | "capabilities" | "manner">)[];
  close(): Promise<void>;
}

export interface FleetAgentKit {
  /** Base without `/v1`: what Ops-Core is configured with. */
  readonly url: string;
  /** Made for this process only. */
  readonly webhookSecret: string;
  /** Starts the agents, now that Ops-Core can be reached, and waits until each has registered. */
  start(opsCore: { readonly url: string; readonly apiKey: string }): Promise<Fleet>;
  close(): Promise<void>;
}

/**
 * A stand-in for AgentKit, first, because Ops-Core wants to know its address; the agents follow. Everything listens on
 * a free port of loopback and everything between them and Ops-Core is real HTTP.
 */
export const startFleetAgentKit = async (options: {
  readonly deliver: "swallow" | "forward";
  /** How long each task takes; without it each agent takes its own time. */
  readonly workMs?: number;
  readonly log: (line: string) => void;
}): Promise<FleetAgentKit> => {
  const { log } = options;
  const webhookSecret = randomBytes(24).toString("base64url");
  let webhookUrl = "";
  const agentKit = await startStandInAgentKit({
    deliver: options.deliver,
    webhookSecret,
    get webhookUrl() {
      return webhookUrl;
    },
    log,
  });
  return {
    url: agentKit.url,
    webhookSecret,
    start: async (opsCore) => {
      webhookUrl = `${opsCore.url}/v1/opscore/internal/agent/notify`;
      const agents: Fleet["agents"][number][] = [];
      for (const { manner, ...role } of roles) {
        const agent = await startSampleAgent({
          ...role,
          ...(options.workMs === undefined ? {} : { workMs: options.workMs }),
          agentKitUrl: agentKit.url,
          opsCoreUrl: opsCore.url,
          apiKey: opsCore.apiKey,
          firstReport: { afterMs: 0, tries: 5, gapMs: 1_000 },
          log,
        });
        agents.push({ ...agent, name: role.name, capabilities: role.capabilities, manner });
      }
      return {
        agentKitUrl: agentKit.url,
        agents,
        close: async () => {
          await Promise.all([agentKit.close(), ...agents.map((agent) => agent.close())]);
        },
      };
    },
    close: () => agentKit.close(),
  };
};
