import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { ApiClient, Session, SessionDetail } from "./api-client.ts";
import { createProgress, seconds, type Paint } from "./progress.ts";

const DEFINITION = new URL("./sample-report.yaml", import.meta.url);
const POLL_MS = 200;

export interface SampleSession {
  readonly sessionId: string;
  readonly workflowId: string;
  /** Left open by an earlier run: this one goes on with it. */
  readonly continued: boolean;
  /** Other sessions of any workflow that are open as well. */
  readonly others: number;
}

const isOpen = ({ status }: Session): boolean => !["completed", "failed", "cancelled"].includes(status);

/** The newest open session of the sample workflow or, if there is none, a new one. */
export const openSampleSession = async (api: ApiClient): Promise<SampleSession> => {
  const workflowId = await api.saveWorkflow(readFileSync(DEFINITION, "utf8"));
  const open = (await api.sessions()).filter(isOpen);
  const own = open.find((session) => session.workflowId === workflowId);
  if (own !== undefined) return { sessionId: own.sessionId, workflowId, continued: true, others: open.length - 1 };
  const sessionId = await api.startSession(workflowId, { topic: "ocean tides" });
  return { sessionId, workflowId, continued: false, others: open.length };
};

export interface FollowOptions {
  readonly names: readonly string[];
  readonly paint: Paint;
  readonly print: (line: string) => void;
  readonly signal: AbortSignal;
  /** Epoch ms of this start: what is older happened in an earlier run. */
  readonly since: number;
}

/** Prints what happens in a session until it ends; `null` if the signal came first. */
export const followSession = async (
  api: ApiClient,
  { sessionId, workflowId }: SampleSession,
  { names, paint, print, signal, since }: FollowOptions,
): Promise<SessionDetail | null> => {
  let isPast = false;
  const nameById = new Map<string, string>();
  const progress = createProgress({
    taskIds: await api.taskIds(workflowId),
    nameOf: (id) => nameById.get(id) ?? id,
    names,
    paint,
  });
  print(progress.header);
  try {
    for (;;) {
      const session = await api.session(sessionId);
      if (session.tasks.some(({ attempts }) => attempts.some(({ agentId }) => !nameById.has(agentId)))) {
        for (const { agentId, agentName } of await api.agents()) nameById.set(agentId, agentName);
      }
      for (const { at, text } of progress.lines(session, Date.now())) {
        if (isPast && at >= since) print(paint("dim", "  -- since this start --"));
        isPast = at < since;
        print(text);
      }
      if (!isOpen(session)) return session;
      await sleep(POLL_MS, undefined, { signal });
    }
  } catch (error) {
    if (signal.aborted) return null;
    throw error;
  }
};

/** How it ended, in a line or two. */
export const summaryLines = (session: SessionDetail, paint: Paint): readonly string[] => {
  const attempts = session.tasks.reduce((sum, task) => sum + task.attempts.length, 0);
  const tookMs = Date.parse(session.endedAt ?? session.startedAt) - Date.parse(session.startedAt);
  const counts = `${session.tasks.length} steps, ${attempts} attempts, ${seconds(tookMs)}`;
  if (session.status !== "completed")
    return [paint("red", `Session ${session.status}: ${session.reason ?? ""} (${counts})`)];
  const result = JSON.stringify(session.tasks.at(-1)?.output ?? null);
  return [paint("green", `Session completed: ${counts}.`), `Result: ${result.slice(0, 300)}`];
};
