import { afterEach, expect, vi } from "vitest";
import type { StateAcceptedAnswer } from "../../src/contract/answers/legacy.ts";
import type { SessionDetailAnswer } from "../../src/contract/answers/session.ts";
import type { JsonObject } from "../../src/core/json.ts";
import { fleet } from "./fleet.ts";
import type { AgentSetup, AnswerSetup, CapturedReport, Delivery, KitFault } from "./fleet-protocol.ts";
import { createWorld, type Platform, type World, type WorldOptions } from "./world.ts";

/** A session as `GET /sessions/{id}` shows it. */
export type SessionView = SessionDetailAnswer;

export interface SceneOptions extends WorldOptions {
  readonly deliver?: "swallow" | "forward";
}

export interface AgentOptions extends Partial<AgentSetup> {
  readonly name?: string;
  readonly capabilities?: readonly string[];
  readonly metadata?: { readonly config: JsonObject };
  /** The endpoint that Ops-Core is told instead of the agent's own. */
  readonly endpointTold?: string;
  /** Held back until the test calls `webhook`. */
  readonly webhookLater?: boolean;
}

type ReportAnswer = StateAcceptedAnswer;

export interface SceneAgent {
  readonly id: string;
  readonly endpoint: string;
  /** Its REGISTER arrives at Ops-Core, signed now. */
  webhook(): Promise<void>;
  /** Registers anew after AgentKit has forgotten it: a new id under the old name. */
  restart(): Promise<SceneAgent>;
  /** The n-th delivery (1-based), once it is there. */
  delivery(n: number): Promise<Delivery>;
  deliveries(): Promise<readonly Delivery[]>;
  /** What it wants to report next, not yet sent. */
  nextReport(): Promise<CapturedReport>;
  /** Posts its next report, `afterMs` of the world's time later. */
  relay(afterMs?: number): Promise<ReportAnswer>;
  /** Posts a report of the test's own making, in the exact shape of the wire. */
  say(state: string, details?: JsonObject, sentAtMicros?: number): Promise<ReportAnswer>;
  /** The body of a report made now, to be posted by the test. */
  body(report: Pick<CapturedReport, "state" | "details">, sentAtMicros?: number): string;
  post(body: string): Promise<Response>;
  finish(ok?: boolean): Promise<void>;
  /** Takes the n-th delivery, does the work and reports, in the order of its behaviour. */
  serve(n: number): Promise<void>;
  answer(setup: AnswerSetup): Promise<void>;
  close(): Promise<void>;
  reopen(): Promise<void>;
}

export interface Scene {
  readonly world: World;
  agent(options?: AgentOptions): Promise<SceneAgent>;
  /** Starts a session, through the agent's own endpoint if one is given. Its dispatch is under way. */
  start(definition: JsonObject, agent?: SceneAgent | null): Promise<string>;
  session(sessionId: string): Promise<SessionView>;
  fault(fault: KitFault | null): Promise<void>;
  forgetAgents(): Promise<void>;
  closeKit(): Promise<void>;
  countRuns(): Promise<number>;
}

const SECRET = "a-secret-shared-with-agentkit";

const twoDigits = (micros: number): string => String(micros).padStart(6, "0");

/** As Python writes it: microseconds and `+00:00`. */
const pythonTime = (micros: number): string => {
  const seconds = Math.floor(micros / 1_000_000);
  return `${new Date(seconds * 1_000).toISOString().slice(0, 19)}.${twoDigits(micros % 1_000_000)}+00:00`;
};

/**
 * A world with an AgentKit and agents of its own, all talking real HTTP. The test steps the world's clock;
 * whatever an agent reports is stamped by it, microseconds apart.
 */
export const openScene = async (platform: Platform, options: SceneOptions = {}): Promise<Scene> => {
  const { kit, url } = await fleet.startKit({ deliver: options.deliver ?? "forward" });
  const world = await createWorld(platform, {
    call: platform.call,
    agentKitUrl: url,
    callTimeoutMs: 2_000,
    allowUnsigned: false,
    webhookSecrets: [SECRET],
    ...options,
  });
  let lastMicros = 0;
  let names = 0;
  const stamp = (): number => {
    lastMicros = Math.max(lastMicros + 1, world.clock.now() * 1_000);
    return lastMicros;
  };
  const unixSeconds = (): number => Math.floor(world.clock.now() / 1_000);

  const registered = async (agent: number, endpoint: string, given: AgentOptions): Promise<SceneAgent> => {
    const { name: agentName = `Agent ${(names += 1)}`, capabilities = [], metadata, endpointTold } = given;
    const { agentId, body, timestamp, signature } = await fleet.register(kit, agent, {
      agentName,
      capabilities,
      secret: SECRET,
      signedAt: unixSeconds(),
      ...(metadata === undefined ? {} : { metadata: { description: "", ...metadata } }),
      ...(endpointTold === undefined ? {} : { endpointTold }),
    });
    // Its dispatch is in the air as long as it works: waiting for that would be waiting for the call's timeout.
    const holds = given.behaviour === "aware" || given.holdsRequest === true;
    const settle = (): Promise<void> => (holds ? Promise.resolve() : world.flush());
    const self: SceneAgent = {
      id: agentId,
      endpoint,
      webhook: async () => {
        const headers = { "X-AgentKit-Timestamp": timestamp, "X-AgentKit-Signature": signature, Authorization: null };
        const answer = await world.request("POST", "/v1/opscore/internal/agent/notify", body, headers);
        expect(answer.status).toBe(200);
        await world.flush();
      },
      restart: () => registered(agent, endpoint, { ...given, name: agentName }),
      delivery: (n) => fleet.delivery(agent, n),
      deliveries: () => fleet.deliveries(agent),
      nextReport: () => fleet.nextReport(agent),
      relay: async (afterMs = 1_000) => {
        const report = await fleet.nextReport(agent);
        world.clock.advance(afterMs);
        const answer = await self.post(self.body(report));
        await fleet.reported(agent, answer.status);
        expect(answer.status).toBe(202);
        await settle();
        return (await answer.json()) as ReportAnswer;
      },
      say: async (state, details = {}, sentAtMicros) => {
        const answer = await self.post(self.body({ state, details }, sentAtMicros));
        expect(answer.status).toBe(202);
        await settle();
        return (await answer.json()) as ReportAnswer;
      },
      body: ({ state, details, ...report }, sentAtMicros = stamp()) => {
        const all = { agentId, timestamp: pythonTime(sentAtMicros), state, details };
        const keys =
          (report as Partial<CapturedReport>).keys ?? (["agentId", "timestamp", "state", "details"] as const);
        return JSON.stringify(Object.fromEntries(keys.map((key) => [key, all[key]])));
      },
      post: (text) => world.request("POST", `/v1/opscore/agent/${agentId}/state`, text),
      finish: async (ok = true) => {
        await fleet.finish(agent, ok);
        await world.flush();
      },
      serve: async (n) => {
        await self.delivery(n);
        if (given.behaviour === undefined || given.behaviour === "simulated") await self.relay();
        await self.finish();
        if (given.behaviour === undefined || given.behaviour === "simulated") return void (await self.relay());
        // Both at the end, as close to each other as was recorded.
        await self.relay();
        await self.relay(3);
      },
      answer: async (setup) => {
        await fleet.setAnswer(agent, setup);
      },
      close: async () => {
        await fleet.closeAgent(agent);
      },
      reopen: async () => {
        await fleet.reopenAgent(agent);
      },
    };
    if (given.webhookLater !== true) await self.webhook();
    return self;
  };

  return {
    world,
    agent: async (given = {}) => {
      const { behaviour = "simulated", withTaskIds, holdsRequest, result } = given;
      const { agent, endpoint } = await fleet.startAgent({
        behaviour,
        ...(withTaskIds === undefined ? {} : { withTaskIds }),
        ...(holdsRequest === undefined ? {} : { holdsRequest }),
        ...(result === undefined ? {} : { result }),
      });
      return registered(agent, endpoint, given);
    },
    start: async (definition, agent = null) => {
      const path = agent === null ? "/v1/opscore/sessions" : `/v1/opscore/agent/${agent.id}/workflow`;
      const answer = await world.request("POST", path, { workflowDefinition: definition });
      const body = (await answer.json()) as { sessionId: string };
      expect([answer.status, body]).toEqual([202, expect.anything()]);
      return body.sessionId;
    },
    session: async (sessionId) => {
      const answer = await world.request("GET", `/v1/opscore/sessions/${sessionId}`);
      expect(answer.status).toBe(200);
      return (await answer.json()) as SessionView;
    },
    fault: async (fault) => {
      await fleet.setFault(kit, fault);
    },
    forgetAgents: async () => {
      await fleet.forgetAgents(kit);
    },
    closeKit: async () => {
      await fleet.closeKit(kit);
    },
    countRuns: () => fleet.countRuns(kit),
  };
};

/** Opens scenes and closes them after each test. */
export const scenes = (platform: Platform): ((options?: SceneOptions) => Promise<Scene>) => {
  const opened: Scene[] = [];
  // Longer than the fleet waits for anything, so that what was waited for in vain is named.
  vi.setConfig({ testTimeout: 20_000 });
  afterEach(async () => {
    for (const { world } of opened.splice(0)) await world.close();
  });
  return async (options) => {
    const scene = await openScene(platform, options);
    opened.push(scene);
    return scene;
  };
};

/** The original sample, in the original format; `tasks` change single fields of its two steps. */
export const sampleWorkflow = (...tasks: readonly JsonObject[]): JsonObject => ({
  id: "sample_workflow_id",
  name: "Sample Workflow",
  description: "A sample workflow with two steps.",
  version: "1.0",
  tasks: [
    {
      taskId: "step_1",
      name: "First Step",
      agentCapability: "data_processing",
      parameters: { message: "Hello" },
      nextTaskId: "step_2",
      ...tasks[0],
    },
    {
      taskId: "step_2",
      name: "Second Step",
      agentCapability: "reporting",
      parameters: {},
      nextTaskId: null,
      ...tasks[1],
    },
  ],
});

/** One task for a capability. */
export const oneTask = (task: JsonObject = {}): JsonObject => ({
  id: "one_task",
  name: "One task",
  tasks: [{ taskId: "only", agentCapability: "work", parameters: {}, ...task }],
});
