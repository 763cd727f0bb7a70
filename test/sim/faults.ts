import type { Random } from "./random.ts";

/** What may go wrong in one schedule. Rates are per call; each is often 0, so that long quiet runs happen too. */
export interface FaultPlan {
  /** The store throws before, or after, the commit. */
  readonly storeErrorBefore: number;
  readonly storeErrorAfter: number;
  readonly storeBusy: number;
  /** A batch is executed 80 s late. */
  readonly storeStall: number;
  /** A worker dies before, or after, the effect of a port call. */
  readonly killBefore: number;
  readonly killAfter: number;
  /** An HTTP request to an agent or to us is lost before, or its answer after, the effect. */
  readonly requestLost: number;
  readonly answerLost: number;
  readonly requestCopied: number;
  /** It arrives up to 40 s late; the caller has given up by then. */
  readonly requestDelayed: number;
  readonly hang: number;
  readonly redirect: number;
  readonly status404: number;
  readonly status5xx: number;
  readonly refusedConnection: number;
  /** AgentKit as published: accepts and delivers nothing. */
  readonly agentKitSwallows: boolean;
  readonly agentKitDown: number;
  readonly queueError: number;
  readonly hintDropped: number;
  readonly hintCopied: number;
  readonly hintDelayed: number;
  /** The isolate is evicted after its answer: its background work is never run. */
  readonly backgroundLost: number;
  readonly tickSkipped: number;
  readonly tickDoubled: number;
  /** Clock offsets of the workers (ms). */
  readonly skewMs: number;
  readonly clockJump: number;
  /** How long a batch may take (ms): a property of the world, not a fault. */
  readonly latencyMs: number;
  /** Every worker is replaced by a fresh one of the same code, at so many random moments. */
  readonly deploys: number;
}

/** Draws a plan. A third of all schedules are quiet, a third have one kind of fault only. */
export const drawFaults = (random: Random): FaultPlan => {
  const mood = random.int(3);
  const names = [
    "storeErrorBefore", "storeErrorAfter", "storeBusy", "storeStall", "killBefore", "killAfter", "requestLost",
    "answerLost", "requestCopied", "requestDelayed", "hang", "redirect", "status404", "status5xx", "refusedConnection", "agentKitDown",
    "queueError", "hintDropped", "hintCopied", "hintDelayed", "backgroundLost", "tickSkipped", "tickDoubled", "clockJump",
  ] as const; // prettier-ignore
  const only = random.pick(names);
  const rate = (name: (typeof names)[number], high: number): number => {
    const drawn = random.next();
    if (mood === 0) return 0;
    if (mood === 1) return name === only ? high * (0.3 + 0.7 * drawn) : 0;
    return drawn < 0.5 ? 0 : high * drawn * drawn;
  };
  return {
    storeErrorBefore: rate("storeErrorBefore", 0.15),
    storeErrorAfter: rate("storeErrorAfter", 0.15),
    storeBusy: rate("storeBusy", 0.1),
    storeStall: rate("storeStall", 0.03),
    killBefore: rate("killBefore", 0.05),
    killAfter: rate("killAfter", 0.05),
    requestLost: rate("requestLost", 0.15),
    answerLost: rate("answerLost", 0.15),
    requestCopied: rate("requestCopied", 0.3),
    requestDelayed: rate("requestDelayed", 0.2),
    hang: rate("hang", 0.15),
    redirect: rate("redirect", 0.05),
    status404: rate("status404", 0.1),
    status5xx: rate("status5xx", 0.1),
    refusedConnection: rate("refusedConnection", 0.25),
    agentKitSwallows: random.chance(0.6),
    agentKitDown: rate("agentKitDown", 0.5),
    queueError: rate("queueError", 0.2),
    hintDropped: rate("hintDropped", 1),
    hintCopied: rate("hintCopied", 0.5),
    hintDelayed: rate("hintDelayed", 0.5),
    backgroundLost: rate("backgroundLost", 0.8),
    tickSkipped: rate("tickSkipped", 0.5),
    tickDoubled: rate("tickDoubled", 0.5),
    skewMs: mood === 0 || random.chance(0.5) ? 0 : random.chance(0.7) ? random.int(2_000) : random.int(300_000),
    clockJump: rate("clockJump", 0.02),
    latencyMs: random.pick([3, 3, 3, 30, 300, 2_000]),
    deploys: mood === 0 ? random.pick([0, 0, 1, 2]) : random.int(4),
  };
};

export const noFaults = (plan: FaultPlan): FaultPlan => ({
  ...(Object.fromEntries(Object.keys(plan).map((name) => [name, 0])) as unknown as FaultPlan),
  // What AgentKit is does not heal.
  agentKitSwallows: plan.agentKitSwallows,
  latencyMs: plan.latencyMs,
});

/** Whether nothing fails in it. Clocks may differ, code may be deployed, AgentKit is what it is. */
export const isCalm = (plan: FaultPlan): boolean =>
  Object.entries(plan).every(
    ([name, value]) => ["agentKitSwallows", "skewMs", "deploys", "latencyMs"].includes(name) || value === 0,
  );

/** The plan's non-zero rates, for the first line of a trace. */
export const describeFaults = (plan: FaultPlan): string =>
  Object.entries(plan)
    .filter(([, value]) => value !== 0 && value !== false)
    .map(([name, value]) => `${name}=${typeof value === "number" ? Math.round(value * 1_000) / 1_000 : String(value)}`)
    .join(" ") || "none";
