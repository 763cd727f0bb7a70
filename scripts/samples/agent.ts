import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { behaviours, type AtWork } from "./agent-behaviours.ts";
import type { Details, ReceivedTask, SampleAgentOptions, StateReport } from "./agent-options.ts";
import { startListener, type Incoming, type Reply } from "./listener.ts";
import { post } from "./post.ts";
import { pythonTime } from "./python-time.ts";

export interface SampleAgent {
  readonly agentId: string;
  readonly endpoint: string;
  /** Every task that arrived, the rejected ones too. */
  readonly received: readonly ReceivedTask[];
  /** Every report that was made, sent or not. */
  readonly reports: readonly StateReport[];
  /** Stops at once: what it works on is never reported. */
  close(): Promise<void>;
}

const withoutV1 = (url: string): string => url.replace(/\/+$/, "").replace(/\/v1$/, "");

/** An agent on loopback. Resolves once it is registered; its first state report follows. */
export const startSampleAgent = async (options: SampleAgentOptions): Promise<SampleAgent> => {
  const { behaviour, log = () => undefined } = options;
  const isSimulated = behaviour === "simulated";
  const path = isSimulated ? "/task" : "/";
  const received: ReceivedTask[] = [];
  const reports: StateReport[] = [];
  const closing = new AbortController();
  const pause = (ms: number): Promise<void> => sleep(ms, undefined, { signal: closing.signal });
  let agentId = options.agentId ?? "";
  let tasks = 0;

  const report = async (state: string, details: Details): Promise<number> => {
    const report: StateReport = { agentId, timestamp: `${pythonTime()}+00:00`, state, details };
    reports.push(report);
    const send = async (): Promise<number> => {
      try {
        const { timestamp } = report;
        // The two SDKs write their keys in different orders.
        const body = JSON.stringify(isSimulated ? { state, details, agentId, timestamp } : report);
        const answer = await post(`${withoutV1(options.opsCoreUrl)}/v1/opscore/agent/${agentId}/state`, {
          headers: { Authorization: `Bearer ${options.apiKey}` },
          body,
          timeoutMs: 30_000,
          signal: closing.signal,
        });
        if (answer.status > 299) log(`${options.name}: report ${state} answered ${answer.status}`);
        return answer.status;
      } catch (error) {
        closing.signal.throwIfAborted();
        log(`${options.name}: report ${state} failed: ${String(error)}`);
        return 0;
      }
    };
    return options.onReport ? options.onReport(report, send) : send();
  };

  const inBackground = (work: () => Promise<void>): void => {
    work().catch((error: unknown) => {
      if (!closing.signal.aborted) log(`${options.name}: ${String(error)}`);
    });
  };

  const at: AtWork = {
    report,
    inBackground,
    async work(task) {
      tasks += 1;
      const ok = tasks > (options.failFirst ?? 0) && options.fails?.(task) !== true;
      const workMs = options.workMs ?? 2_000;
      if (options.crashMidTask) {
        await pause(workMs / 2);
        await close();
      }
      await pause(workMs);
      return ok;
    },
  };

  const listener = await startListener(options.port ?? 0, (incoming: Incoming): Reply | Promise<Reply> => {
    if (incoming.method === "GET" && incoming.path === "/health")
      return { status: 200, body: { status: "healthy", agent_id: agentId } };
    if (incoming.method !== "POST" || incoming.path !== path) return { status: 404, body: { detail: "Not Found" } };
    const task = JSON.parse(incoming.body) as ReceivedTask;
    received.push(task);
    return behaviours[behaviour](task, options, at);
  });
  const endpoint = listener.url + path;

  const close = (): Promise<void> => {
    closing.abort();
    return listener.close();
  };

  const register = async (): Promise<string> => {
    const { tries, gapMs } = options.registration ?? { tries: 5, gapMs: 5_000 };
    const metadata = isSimulated
      ? { id_hint: `sim-agent-${randomUUID()}` }
      : { description: `Sample agent ${options.name}` };
    const { name: agentName, capabilities, version = "0.1.0" } = options;
    const body = JSON.stringify({ agentName, capabilities, version, contactEndpoint: endpoint, metadata });
    let problem = "";
    for (let attempt = 1; attempt <= tries; attempt += 1) {
      if (attempt > 1) await pause(gapMs);
      try {
        const answer = await post(`${withoutV1(options.agentKitUrl)}/v1/agents/register`, { body, timeoutMs: 10_000 });
        if (answer.status === 201) return (JSON.parse(answer.body) as { data: { agentId: string } }).data.agentId;
        // 409 until AgentKit restarts: an agent that comes back under its name cannot learn its old id.
        problem = `${answer.status} ${answer.body}`;
      } catch (error) {
        problem = String(error);
      }
      log(`${options.name}: registration failed: ${problem}`);
    }
    throw new Error(`${options.name} could not register with AgentKit: ${problem}`);
  };

  const reportFirst = async (): Promise<void> => {
    const usual = isSimulated ? { afterMs: 1_000, tries: 5, gapMs: 3_000 } : { afterMs: 0, tries: 1, gapMs: 0 };
    const { afterMs, tries, gapMs } = options.firstReport ?? usual;
    for (let attempt = 1; attempt <= tries; attempt += 1) {
      const waitMs = attempt === 1 ? afterMs : gapMs;
      if (waitMs > 0) await pause(waitMs);
      const status = await report("idle", isSimulated ? { reason: "Initial startup complete" } : {});
      if (status >= 200 && status <= 299) return;
    }
  };

  try {
    if (agentId === "") agentId = await register();
  } catch (error) {
    await close();
    throw error;
  }
  inBackground(reportFirst);
  return { agentId, endpoint, received, reports, close };
};
