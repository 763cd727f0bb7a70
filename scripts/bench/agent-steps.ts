import { setTimeout as pause } from "node:timers/promises";
import { figure, spreadOf, type Spread } from "./figures.ts";
import type { Options } from "./options.ts";
import { register, startServer, type BenchServer } from "./server.ts";
import { startStubAgents, type StubAgents, type Variant } from "./stub-agents.ts";
import { CAPABILITY, chain } from "./workflow.ts";

const STEPS = 3;
/** A session that takes longer is given up and counts as not completed. */
const SESSION_MS = 30_000;

export interface AgentSteps {
  readonly agents: number;
  readonly seconds: number;
  readonly sessions: number;
  /** As the server's own list tells. */
  readonly completed: number;
  readonly steps: number;
  readonly stepsPerSecond: number;
  /** From sending a completing report to receiving the session's next task. */
  readonly hopMs: Spread;
  /** Until the answer to a completing report. */
  readonly answerMs: Spread;
  readonly sessionMs: Spread;
  readonly copies: number;
  readonly refused: number;
  readonly startMs: number;
  readonly cpuMsPerStep: number | null;
  /** Peaks: of loading the program, and under this load. */
  readonly startMemoryMiB: number;
  readonly peakMemoryMiB: number;
}

const startSession = async (server: BenchServer, workflowDefinitionId: string, agentId: string): Promise<string> => {
  const { status, body } = await server.call(`/v1/opscore/agent/${agentId}/workflow`, { workflowDefinitionId });
  if (status !== 202) throw new Error(`a session was not started: ${status} ${body}`);
  return (JSON.parse(body) as { sessionId: string }).sessionId;
};

const countCompleted = async (server: BenchServer): Promise<number> => {
  let completed = 0;
  let cursor: string | null = "";
  while (cursor !== null) {
    const page = await server.call(`/v1/opscore/sessions?limit=200${cursor === "" ? "" : `&cursor=${cursor}`}`);
    const { data, nextCursor } = JSON.parse(page.body) as { data: { status: string }[]; nextCursor: string | null };
    completed += data.filter(({ status }) => status === "completed").length;
    cursor = nextCursor;
  }
  return completed;
};

interface Run {
  readonly times: number[];
  started: number;
}

/** One session after the other for one agent, until the time or the number of sessions is up. */
const drive = async (
  server: BenchServer,
  stubs: StubAgents,
  run: Run,
  bounds: { readonly workflowId: string; readonly agentId: string; readonly until: number; readonly sessions: number },
): Promise<void> => {
  while (run.started < bounds.sessions && performance.now() < bounds.until) {
    run.started += 1;
    const startedAt = performance.now();
    const sessionId = await startSession(server, bounds.workflowId, bounds.agentId);
    const given = new AbortController();
    const late = pause(SESSION_MS, null, { signal: given.signal }).catch(() => null);
    const endedAt = await Promise.race([stubs.lastStepOf(sessionId), late]);
    given.abort();
    if (endedAt === null) return;
    run.times.push(endedAt - startedAt);
  }
};

/** Sessions of three steps, one at a time for each agent, over HTTP against the real server. */
export const agentSteps = async (options: Options, variant: Variant): Promise<AgentSteps> => {
  const server = await startServer({
    entry: options.server,
    connections: options.agents * 2,
    profiles: options.profiles,
  });
  try {
    const stubs = await startStubAgents(server, variant, `Step ${STEPS}`);
    const definition = chain(STEPS, options.target);
    const agentIds = Array.from({ length: options.agents }, (_, at) => `bench-${at}`);
    for (const id of agentIds) await register(server, id, [CAPABILITY], `${stubs.url}/${id}`);
    const saved = await server.call("/v1/opscore/workflows", definition);
    if (saved.status !== 201) throw new Error(`the definition was not saved: ${saved.body}`);

    const run: Run = { times: [], started: 0 };
    const before = server.figures();
    const startedAt = performance.now();
    const until = startedAt + options.seconds * 1_000;
    const bounds = { workflowId: definition.id, until, sessions: options.sessions };
    await Promise.all(agentIds.map((agentId) => drive(server, stubs, run, { ...bounds, agentId })));
    const seconds = (performance.now() - startedAt) / 1_000;
    const after = server.figures();
    const completed = await countCompleted(server);
    await stubs.close();
    const { steps, copies, refused } = stubs.counts;
    return {
      agents: options.agents,
      seconds: figure(seconds),
      sessions: run.started,
      completed,
      steps,
      stepsPerSecond: figure(steps / seconds),
      hopMs: spreadOf(stubs.hops),
      answerMs: spreadOf(stubs.answers),
      sessionMs: spreadOf(run.times),
      copies,
      refused,
      startMs: figure(before.startMs, 0),
      cpuMsPerStep: after.cpuMs === null ? null : figure((after.cpuMs - (before.cpuMs ?? 0)) / steps, 2),
      startMemoryMiB: figure(after.startMemoryMiB),
      peakMemoryMiB: figure(after.peakMemoryMiB),
    };
  } finally {
    await server.stop();
  }
};
