import { pythonTime } from "../samples/python-time.ts";
import { startListener } from "../samples/listener.ts";
import type { BenchServer } from "./server.ts";

/** How an agent tells what became of its task: two state reports, as AgentKit's agents do, or one settle call. */
export type Variant = "reports" | "settle";

export interface StubAgents {
  readonly url: string;
  /** Resolves when the session's last step has been reported, with the moment. */
  lastStepOf(sessionId: string): Promise<number>;
  /** From sending the report that completes a step until the session's next task comes in (ms). */
  readonly hops: number[];
  /** Until the server's answer to a report or settle call that completes a step (ms). */
  readonly answers: number[];
  /** Steps completed; copies of a task that was sent before; calls that were refused. */
  readonly counts: { steps: number; copies: number; refused: number };
  close(): Promise<void>;
}

interface Task {
  readonly opscore_session_id: string;
  readonly opscore_task_id: string;
  readonly task_name: string;
}

interface Session {
  /** When the last completing report was sent; `null` before the first step. */
  completedAt: number | null;
  readonly ended: Promise<number>;
  readonly end: (at: number) => void;
}

/**
 * All agents behind one listener, at `/<agent id>`. Each answers a task at once and settles it without doing any
 * work, so that what is measured is the engine.
 */
export const startStubAgents = async (server: BenchServer, variant: Variant, lastTask: string): Promise<StubAgents> => {
  const sessions = new Map<string, Session>();
  const seen = new Set<string>();
  const hops: number[] = [];
  const answers: number[] = [];
  const counts = { steps: 0, copies: 0, refused: 0 };

  // A task may be here before the answer to the call that started its session.
  const sessionOf = (sessionId: string): Session => {
    const known = sessions.get(sessionId);
    if (known !== undefined) return known;
    let end: Session["end"] = () => undefined;
    const ended = new Promise<number>((resolve) => {
      end = resolve;
    });
    const session: Session = { completedAt: null, ended, end };
    sessions.set(sessionId, session);
    return session;
  };

  const send = async (path: string, body: object, expected: number): Promise<void> => {
    const { status } = await server.call(path, body);
    if (status !== expected) counts.refused += 1;
  };

  const report = (agentId: string, state: string, task: Task, result: object): Promise<void> =>
    send(
      `/v1/opscore/agent/${agentId}/state`,
      {
        agentId,
        timestamp: pythonTime(),
        state,
        details: { opscore_task_id: task.opscore_task_id, ...result },
      },
      202,
    );

  const work = async (agentId: string, task: Task, session: Session): Promise<void> => {
    const output = { text: `done: ${task.task_name}` };
    if (variant === "reports") await report(agentId, "active", task, {});
    const sentAt = performance.now();
    session.completedAt = sentAt;
    if (variant === "reports") await report(agentId, "idle", task, { result: output });
    else await send(`/v1/opscore/tasks/${task.opscore_task_id}/complete`, { output }, 200);
    const now = performance.now();
    answers.push(now - sentAt);
    counts.steps += 1;
    if (task.task_name === lastTask) session.end(now);
  };

  const listener = await startListener(0, (incoming) => {
    const task = JSON.parse(incoming.body) as Task;
    if (seen.has(task.opscore_task_id)) {
      counts.copies += 1;
      return { status: 200, body: { status: "accepted" } };
    }
    seen.add(task.opscore_task_id);
    const session = sessionOf(task.opscore_session_id);
    if (session.completedAt !== null) hops.push(performance.now() - session.completedAt);
    return {
      status: 200,
      body: { status: "accepted" },
      after: () => void work(incoming.path.slice(1), task, session).catch(() => (counts.refused += 1)),
    };
  });
  return {
    url: listener.url,
    lastStepOf: async (sessionId) => {
      const at = await sessionOf(sessionId).ended;
      sessions.delete(sessionId);
      return at;
    },
    hops,
    answers,
    counts,
    close: () => listener.close(),
  };
};
