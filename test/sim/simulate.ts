import { createHash } from "node:crypto";
import type { SessionState } from "../../src/core/session/state.ts";
import { readStatus } from "../../src/core/session/view.ts";
import { SimAgentKit } from "./agentkit.ts";
import { SimAgent } from "./agents.ts";
import { perVersion, type Violation } from "./checker.ts";
import { openSimDatabase, type SimDatabase } from "./database.ts";
import { makeCryptoDeterministic } from "./environment.ts";
import { describeFaults, drawFaults, isCalm, noFaults } from "./faults.ts";
import { finalChecks, HEAL_MS } from "./final-checks.ts";
import { SimOperator } from "./operator.ts";
import { lateThings, lostWakeUps } from "./liveness.ts";
import { createRandom } from "./random.ts";
import { drawTemper } from "./tempers.ts";
import { SIM_START, SimWorld } from "./world.ts";

export interface ScheduleResult {
  readonly seed: string;
  readonly settings: string;
  readonly violations: readonly Violation[];
  readonly trace: readonly string[];
  readonly traceHash: string;
  readonly virtualMs: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly sessions: number;
  readonly ended: Readonly<Record<string, number>>;
  readonly batches: number;
  readonly requests: number;
  readonly events: number;
  /** The kinds of agents in it. */
  readonly kinds: readonly string[];
  /** How long after they were due attempts were asked for (ms), where nothing fails and the store is quick. */
  readonly delays: readonly number[];
  /** How often each promise was looked at. */
  readonly checked: Readonly<Record<string, number>>;
}

let database: SimDatabase | null = null;

const hashOf = (lines: readonly string[]): string => createHash("sha256").update(lines.join("\n")).digest("hex");

/** The rows that the last schedule left, to look at. */
export const lastRows = (): SimDatabase => database!;

/** Runs one schedule: all that happens in it follows from the seed. */
export const simulate = async (seed: string): Promise<ScheduleResult> => {
  if (database === null) {
    makeCryptoDeterministic();
    database = openSimDatabase();
  }
  database.reset();
  const random = createRandom(`${seed}/setup`);
  // Some schedules are made of what collides: agents that are back the moment a timer fires, or done at once. Half of
  // those are calm, so that a lost wake-up shows; where nobody is woken, what the rows say is all there is.
  const theme = random.pick([null, null, null, null, null, null, "relapsing", "instant"] as const);
  const drawn = drawFaults(random);
  const wide = theme === null && createRandom(`${seed}/wide`).chance(0.65);
  const slow = { relapsing: 2_000, instant: random.pick([3, 30, 300, 2_000]) };
  const collisions = { ...noFaults(drawn), backgroundLost: random.pick([0, 0.4]) };
  const plan = theme === null ? drawn : { ...collisions, latencyMs: slow[theme] };
  const mode = random.pick(["auto", "auto", "agentkit", "direct"] as const);
  const workers = 1 + random.int(3);
  const world = new SimWorld(seed, database, plan, { mode, workers });
  const quiet = isCalm(plan) && plan.deploys === 0;
  // Some are long: quiet ones, and those in which the cron may be silent for an hour.
  const long = quiet || (plan.tickSkipped > 0 && random.chance(0.2));
  const spanMs = long ? random.between(60_000, quiet ? 1_800_000 : 5_400_000) : random.between(20_000, 300_000);
  const kit = new SimAgentKit(world);
  const caps = ["alpha", "beta", "gamma"];
  const agents = Array.from({ length: random.pick([1, 1, 1, 2, 2, 3, 4]) }, (_, at) => {
    const own = caps.filter(() => random.chance(theme === "instant" ? 1 : 0.6));
    return new SimAgent(
      world,
      kit,
      `agent${at}`,
      own,
      drawTemper(random, random.chance(quiet ? 0.6 : 0.3), plan.skewMs <= 2_000, theme ?? undefined),
    );
  });
  const kinds = agents.map(({ temper: { kind } }) => kind);
  for (const agent of agents) world.scheduler.after(random.between(0, 2_000), () => agent.start());
  const more = createRandom(`${seed}/again`);
  const again = {
    reruns: theme === null && more.chance(0.3) ? more.pick([1, 2, 4]) : 0,
    bulk: theme === null && more.chance(0.08) ? 1 : 0,
  };
  const operator = new SimOperator(
    world,
    agents,
    theme === "relapsing"
      ? { counts: [1, 2, 3, 4], runs: ["100s", "400s"] }
      : { counts: wide ? [1, 1, 2, 2, 3, 4] : [1, 1, 1, 2, 2, 3, 4], runs: ["20s", "60s", "120s", "400s"] },
    wide,
    again,
  );
  operator.plan(spanMs, theme === "instant" ? 4 : random.pick([1, 1, 1, 1, 2, 2, 4]));
  for (let i = 0; i < plan.deploys; i += 1) {
    // Right after something was written there is always something under way.
    if (random.chance(0.5)) world.deployAt.add(5 + random.int(60));
    else world.scheduler.after(random.between(0, spanMs), () => world.deploy());
  }
  if (random.chance(0.1)) world.scheduler.after(random.between(0, spanMs), () => kit.forget());
  const settings = `${theme === null ? "" : `theme=${theme} `}${wide ? "wide " : ""}${again.reruns > 0 ? "reruns " : ""}${again.bulk > 0 ? "bulk " : ""}mode=${mode} workers=${workers} agents=${agents.map(({ temper }) => temper.kind).join(",")} span=${Math.round(spanMs / 1_000)}s faults: ${describeFaults(plan)}`;
  world.trace(settings);

  const timely: Violation[] = [];
  const sampleTimes = (): void => {
    const { calmSince } = world;
    if (calmSince !== null) timely.push(...lateThings(world));
    world.scheduler.after(20_000, sampleTimes);
  };
  world.scheduler.after(20_000, sampleTimes);
  const wakeUps = perVersion(world.checker, () => lostWakeUps(world));
  let pending = false;
  /** A moment after each write, when all that was under way has ended. */
  const lookForLostWakeUps = (): void => {
    if (pending) return;
    pending = true;
    world.scheduler.after(700, () => {
      pending = false;
      const { calmSince } = world;
      const calm =
        calmSince !== null &&
        (calmSince === SIM_START ? plan.deploys === 0 : world.scheduler.now > calmSince + 150_000);
      if (!calm) return;
      if (world.inFlight > 0) lookForLostWakeUps();
      else timely.push(...wakeUps());
    });
  };
  world.onWrite = lookForLostWakeUps;
  const violated = (): boolean => timely.length > 0 || world.checker.violations.length > 0 || world.bugs.length > 0;
  await world.scheduler.run(SIM_START + spanMs, violated);
  const violations: Violation[] = [];
  const { checked } = world.checker;
  const check = (ok: boolean, promise: string, message: () => string): void => {
    checked[promise] = (checked[promise] ?? 0) + 1;
    if (!ok) violations.push({ promise, message: message() });
  };
  if (!violated()) {
    // P10: whoever names an agent that was taken out of service waits, says so, and gives up after its queue timeout.
    const isOfGoneAgent = (queue: string): boolean =>
      database!.query(
        "SELECT 1 FROM agents o JOIN agents a ON a.id = coalesce(o.superseded_by, o.id) WHERE 'agent:' || o.id = ? AND a.admission = 'deregistered'",
        queue,
      ).length > 0;
    const waitsForGoneAgent = ({ open: tasks }: SessionState): boolean =>
      tasks.some(({ phase }) => phase !== "mapping") &&
      tasks.every((task) => {
        if (task.phase === "waiting") return isOfGoneAgent(task.queue);
        const child = task.phase === "child" ? world.checker.sessions.get(task.sessionId)?.state : null;
        return task.phase === "mapping" || (child?.status === "open" && waitsForGoneAgent(child));
      });
    const openRows = perVersion(world.checker, () =>
      database!
        .query("SELECT head FROM sessions WHERE status IN ('open', 'paused')")
        .some((row) => !waitsForGoneAgent(JSON.parse(String(row["head"])) as SessionState)),
    );
    const open = (): boolean => operator.isBusy || openRows();
    const end = world.scheduler.now + HEAL_MS;
    // Most schedules have ended by now; what is open is given its chance.
    if (open()) {
      world.heal();
      for (const agent of agents) agent.heal();
      operator.heal();
      // Somebody comes who can do what nobody could.
      const all = [...caps, "nobody-has-this"];
      const helper = new SimAgent(world, kit, "helper", all, drawTemper(createRandom(`${seed}/helper`), true));
      helper.temper = { ...helper.temper, clockOffsetMs: 0, workMs: [20, 2_000] };
      helper.start();
      world.scheduler.after(151_000, lookForLostWakeUps);
      await world.scheduler.run(end, () => violated() || violations.length > 0 || !open());
    }
    finalChecks(world, agents, operator, database, open(), check);
  }
  violations.push(...timely, ...world.checker.violations, ...world.bugs);
  const ended: Record<string, number> = {};
  for (const { state } of world.checker.sessions.values()) {
    const status = state === null ? "none" : readStatus(state);
    ended[status] = (ended[status] ?? 0) + 1;
  }
  return {
    seed,
    settings,
    violations,
    trace: world.lines,
    traceHash: hashOf([
      ...world.lines,
      ...database.query("SELECT hash FROM log ORDER BY pos").map((row) => String(row["hash"])),
    ]),
    virtualMs: world.scheduler.now - SIM_START,
    faults: world.stats.faults,
    sessions: world.checker.sessions.size,
    ended,
    batches: world.stats.batches,
    requests: world.stats.requests,
    events: world.checker.events,
    checked: { ...checked, P12: world.stats.requests },
    kinds: [...kinds, ...world.seen, ...world.checker.kinds],
    delays: world.checker.delays,
  };
};
