import type { HttpOutcome } from "../../src/agentkit/http-call.ts";
import { answered } from "./meter.ts";
import type { PlainWorld } from "./plain-world.ts";

const STEP_MS = 5_000;

/** A task that an agent was given, directly or through AgentKit. `at`: epoch ms. */
export interface Given {
  readonly agentId: string;
  readonly sessionId: string;
  readonly attemptId: string;
  readonly at: number;
}

/** Agents that keep what they are given until the test has them do it, and the ways to them. */
export interface Outside {
  /** Calls that were made, whatever came of them. */
  calls: number;
  /** What comes of a call in place of its delivery; `null`: it is delivered. */
  fault: (url: string) => HttpOutcome | null;
  /** In order. */
  readonly given: Given[];
  /** When a session's task was first given to an agent, from `since` on. */
  givenAt(sessionId: string, since: number): number | undefined;
  readonly call: (request: { readonly url: string; readonly body: string }) => Promise<HttpOutcome>;
}

export const createOutside = (now: () => number): Outside => {
  const outside: Outside = {
    calls: 0,
    fault: () => null,
    given: [],
    givenAt: (sessionId, since) => outside.given.find((task) => task.sessionId === sessionId && task.at >= since)?.at,
    call: ({ url, body }) => {
      outside.calls += 1;
      const fault = outside.fault(url);
      if (fault !== null) return Promise.resolve(fault);
      const task = JSON.parse(body) as { opscore_session_id: string; opscore_task_id: string };
      const viaKit = /\/agents\/([^/]+)\/run$/.exec(url)?.[1];
      outside.given.push({
        agentId: viaKit ?? new URL(url).hostname.replace(/\.test$/, ""),
        sessionId: task.opscore_session_id,
        attemptId: task.opscore_task_id,
        at: now(),
      });
      return Promise.resolve(answered(viaKit === undefined ? 200 : 202));
    },
  };
  return outside;
};

/** The agents do at once whatever they are given, until no session is open or ten minutes are over: the statuses. */
export const serveAll = async (
  world: PlainWorld,
  { given }: Outside,
  sessionIds: readonly string[],
): Promise<readonly string[]> => {
  let done = 0;
  for (let ms = 0; ms < 600_000 && (await world.deps.store.nextDue()) !== null; ms += STEP_MS) {
    for (const { attemptId } of given.slice(done)) {
      await world.request("POST", `/v1/opscore/tasks/${attemptId}/complete`, {});
      done += 1;
    }
    await world.pass(STEP_MS);
  }
  return Promise.all(sessionIds.map((id) => world.status(id)));
};
