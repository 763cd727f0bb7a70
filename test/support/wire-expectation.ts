import { expect } from "vitest";
import type { Recording } from "./recording.ts";
import { call, expectProblem, sessionOf, stateOf, type AgentDetails, type Json, type Reply } from "./api.ts";
import { timeOf, wireRecording } from "./wire-recordings.ts";
import type { World } from "./world.ts";

/** What the contract answers to one recorded call. */
export interface Expectation {
  /** Recorded calls, or other work, that come before it. */
  readonly given?: readonly (string | ((world: World) => Promise<unknown>))[];
  readonly expect: (reply: Reply, world: World, recording: Recording) => Promise<void>;
  /** For an unsigned webhook: what becomes of it where unsigned ones are allowed. */
  readonly allowed?: Expectation["expect"];
}

export type Table = Readonly<Record<string, Expectation>>;

/** Sends a recorded call at its recorded time, byte for byte. */
export const replay = (world: World, { request, ...rest }: Recording): Promise<Reply> => {
  world.clock.set(Math.max(world.clock.now(), timeOf({ request, ...rest })));
  const own = { Authorization: null, "Content-Type": null, ...request.headers };
  return call(world, request.method, request.path, request.body_raw === "" ? undefined : request.body_raw, own);
};

export const arrange = async (world: World, given: Expectation["given"] = []): Promise<void> => {
  for (const step of given) {
    if (typeof step === "string") await replay(world, wireRecording(step));
    else await step(world);
    await world.flush();
  }
};

export const bodyOf = ({ request }: Recording): Json => JSON.parse(request.body_raw) as Json;

export const refused =
  (status: number, code: string, more: Json = {}): Expectation["expect"] =>
  (reply) => {
    expect(expectProblem(reply, status, code)).toMatchObject(more);
    return Promise.resolve();
  };

/** 200, and the agent is listed as the webhook describes it. */
export const registered: Expectation["expect"] = async (reply, world, recording) => {
  const { agentId, ...details } = bodyOf(recording)["agent_details"] as AgentDetails & Json;
  expect(reply.status).toBe(200);
  expect(reply.text).toBe(JSON.stringify({ status: "success", message: `Agent ${agentId} registered successfully.` }));
  const agent = await call(world, "GET", `/v1/opscore/agents/${agentId}`);
  const { agentName, version, capabilities, contactEndpoint, metadata } = details;
  expect(agent.body).toMatchObject({
    agentId,
    agentName,
    version,
    capabilities,
    contactEndpoint,
    metadata,
    registration: "registered",
    state: "UNKNOWN",
  });
};

/** 202, and the state reads as reported: same text, same details, timestamp in the precision sent. */
export const reported =
  (applied: Json = {}): Expectation["expect"] =>
  async (reply, world, recording) => {
    const { agentId, state, details = null, timestamp } = bodyOf(recording);
    expect(reply.status).toBe(202);
    expect(reply.text).toBe(JSON.stringify({ status: "success", message: "State update accepted", ...applied }));
    expect(JSON.stringify(await stateOf(world, agentId as string))).toBe(
      JSON.stringify({ agentId, state, details, timestamp }),
    );
  };

/** 202 for an agent nobody has registered, which is listed from now on. */
export const adopted: Expectation["expect"] = async (reply, world, recording) => {
  await reported()(reply, world, recording);
  const agent = await call(world, "GET", `/v1/opscore/agents/${bodyOf(recording)["agentId"] as string}`);
  expect(agent.body).toMatchObject({ registration: "provisional", capabilities: [], contactEndpoint: null });
};

/** The state as the recording with this name has reported it. */
export const stateAsIn =
  (name: string): Expectation["expect"] =>
  (reply) => {
    const { agentId, state, details = null, timestamp } = bodyOf(wireRecording(name));
    expect(reply.status).toBe(200);
    expect(reply.text).toBe(JSON.stringify({ agentId, state, details, timestamp }));
    return Promise.resolve();
  };

/** 202 with the three members, and a session whose first task has these parameters. */
export const triggered =
  (workflowId: string, parameters: Json): Expectation["expect"] =>
  async (reply, world, { request }) => {
    expect(reply.status, reply.text).toBe(202);
    const { sessionId } = reply.body as { sessionId: string };
    expect(sessionId).toMatch(/^ses_[0-9A-Z]{28}$/);
    expect(reply.text).toBe(JSON.stringify({ sessionId, workflowId, message: "Workflow triggered successfully" }));
    const session = await sessionOf(world, sessionId);
    expect(session).toMatchObject({ sessionId, workflowId, agentId: request.path.split("/")[4], revision: 1 });
    expect(session.tasks[0]?.parameters).toEqual(parameters);
  };

/** The definition that the original load tests use, saved under its id. */
export const saveSample = async (world: World): Promise<void> => {
  const { workflowDefinition } = bodyOf(wireRecording("opscore-ref-workflow-inline"));
  expect((await call(world, "POST", "/v1/opscore/workflows", workflowDefinition)).status).toBe(201);
};

export const sampleParameters = { message: "This is the first step." };
