import { pythonTime } from "../samples/python-time.ts";
import { figure, spreadOf, type Spread } from "./figures.ts";
import type { Options } from "./options.ts";
import { register, startServer } from "./server.ts";

const AGENTS = 100;
const AT_A_TIME = 32;

export interface StateReports {
  readonly agents: number;
  readonly atATime: number;
  readonly reports: number;
  readonly accepted: number;
  readonly seconds: number;
  readonly reportsPerSecond: number;
  readonly answerMs: Spread;
  readonly startMs: number;
  readonly cpuMsPerReport: number | null;
  /** Peaks: of loading the program, and under this load. */
  readonly startMemoryMiB: number;
  readonly peakMemoryMiB: number;
}

/** Many agents without a task tell that they are busy, then free, and so on: a fixed number of reports. */
export const stateReports = async (options: Options): Promise<StateReports> => {
  const server = await startServer({ entry: options.server, connections: AT_A_TIME, profiles: options.profiles });
  try {
    for (let at = 0; at < AGENTS; at += 1) await register(server, `bench-${at}`, [], "http://127.0.0.1:9/none");
    const times: number[] = [];
    let next = 0;
    let accepted = 0;
    const reporter = async (): Promise<void> => {
      while (next < options.reports) {
        const at = next;
        next += 1;
        const agentId = `bench-${at % AGENTS}`;
        const state = Math.floor(at / AGENTS) % 2 === 0 ? "active" : "idle";
        const sentAt = performance.now();
        const { status } = await server.call(`/v1/opscore/agent/${agentId}/state`, {
          agentId,
          timestamp: pythonTime(),
          state,
          details: {},
        });
        times.push(performance.now() - sentAt);
        if (status === 202) accepted += 1;
      }
    };
    const before = server.figures();
    const startedAt = performance.now();
    await Promise.all(Array.from({ length: AT_A_TIME }, reporter));
    const seconds = (performance.now() - startedAt) / 1_000;
    const after = server.figures();
    return {
      agents: AGENTS,
      atATime: AT_A_TIME,
      reports: options.reports,
      accepted,
      seconds: figure(seconds),
      reportsPerSecond: figure(options.reports / seconds),
      answerMs: spreadOf(times),
      startMs: figure(before.startMs, 0),
      cpuMsPerReport: after.cpuMs === null ? null : figure((after.cpuMs - (before.cpuMs ?? 0)) / options.reports, 2),
      startMemoryMiB: figure(after.startMemoryMiB),
      peakMemoryMiB: figure(after.peakMemoryMiB),
    };
  } finally {
    await server.stop();
  }
};
