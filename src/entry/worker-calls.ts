import type { CallOutcome, TaskCaller } from "../app/call-port.ts";
import type { Deps } from "../app/deps.ts";

/** What kind of event an invocation of the Worker answers: it says how long the invocation may last. */
export type Invocation = "fetch" | "queue" | "scheduled";

/** `waitUntil` ends 30 s after the answer; what is over must still be committed. */
const OWN_MS = 20_000;

/** The queue's consumer and the cron tick may take 15 minutes. */
const LONGEST_MS = 14 * 60_000;

/** An invocation has six connections at a time; a call that waits for one would use up its own time. */
const SLOTS = 4;

/**
 * Calls of one invocation of the Worker, none longer than the platform lets them be. Those that may exceed 20 s are left
 * to the queue's consumer, which has one invocation for a few of them; where it does not come, the tick makes them itself,
 * a few at a time, so that a queue that loses everything costs time only.
 */
export const workerCalls = (calls: TaskCaller, invocation: Invocation): Pick<Deps, "calls" | "callLimits"> => {
  let underWay = 0;
  const counted = async (make: () => Promise<CallOutcome>): Promise<CallOutcome> => {
    underWay += 1;
    try {
      return await make();
    } finally {
      underWay -= 1;
    }
  };
  const bounded = <R extends { readonly timeoutMs: number }>(request: R): R => ({
    ...request,
    timeoutMs: Math.min(request.timeoutMs, LONGEST_MS),
  });
  return {
    calls: {
      http: (request) => counted(() => calls.http(bounded(request))),
      tool: (request) => counted(() => calls.tool(bounded(request))),
    },
    callLimits: {
      firstMs: OWN_MS,
      get againMs() {
        return invocation === "scheduled" && underWay < SLOTS ? Infinity : OWN_MS;
      },
    },
  };
};
