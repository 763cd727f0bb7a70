import { createHash } from "node:crypto";
import type { SessionState } from "../../src/core/session/state.ts";
import { readStatus } from "../../src/core/session/view.ts";
import { SimAgentKit } from "./agentkit.ts";
import { drawTemper, SimAgent } from "./agents.ts";
import { perVersion, type Violation } from "./checker.ts";
import { openSimDatabase, type SimDatabase } from "./database.ts";
import { makeCryptoDeterministic } from "./environment.ts";
import { describeFaults, drawFaults, isCalm, noFaults } from "./faults.ts";
import { SimOperator } from "./operator.ts";
import { lateThings, lostWakeUps } from "./liveness.ts";
import { createRandom } from "./random.ts";
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
  /** How often each promise was looked at. */
  readonly checked: Readonly<Record<string, number>>;
}

/** After the faults stop every session must have ended by then. */
const HEAL_MS = 90 * 60_000;

let database: SimDatabase | null = null;

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
  const slow = { relapsing: 2_000, instant: random.pick([3, 30, 300, 2_000]) };
  const collisions = { ...noFaults(drawn), backgroundLost: random.pick([0, 0.4]) };
  const plan = theme === null ? drawn : { ...collisions, latencyMs: slow[theme] };
  const mode = random.pick(["auto", "auto", "agentkit", "direct"] as const);
  const workers = 1 + random.int(3);
  const world = new SimWorld(seed, database, plan, { mode, workers });
  const quiet = isCalm(plan) && plan.deploys === 0;
  const spanMs = quiet ? random.between(60_000, 1_800_000) : random.between(20_000, 300_000);
  const kit = new SimAgentKit(world);
  const caps = ["alpha", "beta", "gamma"];
  const agents = Array.from({ length: random.pick([1, 1, 1, 2, 2, 3, 4]) }, (_, at) => {
    const own = caps.filter(() => random.chance(theme === "instant" ? 1 : 0.6));
    return new SimAgent(
      world,
      kit,
      `agent${at}`,
      own,
      drawTemper(random, quiet || random.chance(0.3), plan.skewMs <= 2_000, theme ?? undefined),
    );
  });
  for (const agent of agents) world.scheduler.after(random.between(0, 2_000), () => agent.start());
  const operator = new SimOperator(world, agents, theme === "relapsing" ? ["400s"] : undefined);
  operator.plan(spanMs, theme === "instant" ? 4 : random.pick([1, 1, 1, 1, 2, 2, 4]));
  for (let i = 0; i < plan.deploys; i += 1) {
    // Right after something was written there is always something under way.
    if (random.chance(0.5)) world.deployAt.add(5 + random.int(60));
    else world.scheduler.after(random.between(0, spanMs), () => world.deploy());
  }
  if (random.chance(0.1)) world.scheduler.after(random.between(0, spanMs), () => kit.forget());
  const settings = `${theme === null ? "" : `theme=${theme} `}mode=${mode} workers=${workers} agents=${agents.map(({ temper }) => temper.kind).join(",")} span=${Math.round(spanMs / 1_000)}s faults: ${describeFaults(plan)}`;
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
    const waitsForGoneAgent = (state: SessionState): boolean =>
      state.open.every(
        (task) =>
          task.phase === "waiting" &&
          database!.query(
            "SELECT 1 FROM agents o JOIN agents a ON a.id = coalesce(o.superseded_by, o.id) WHERE 'agent:' || o.id = ? AND a.admission = 'deregistered'",
            task.queue,
          ).length > 0,
      );
    const openRows = perVersion(world.checker, () =>
      database!
        .query("SELECT head FROM sessions WHERE status = 'open'")
        .some((row) => !waitsForGoneAgent(JSON.parse(String(row["head"])) as SessionState)),
    );
    const open = (): boolean => operator.started.some(({ sessionId }) => sessionId === null) || openRows();
    const end = world.scheduler.now + HEAL_MS;
    // L6: once healed for a while nothing is overdue.
    const sample = (): void => {
      const limit = Math.floor(world.scheduler.now) - 120_000 - plan.skewMs;
      const late = database!.query("SELECT id, due_at FROM sessions WHERE due_at < ?", limit);
      check(late.length === 0, "L6", () => `overdue: ${JSON.stringify(late)}`);
      world.scheduler.after(60_000, sample);
    };
    world.scheduler.after(300_000, sample);
    // Most schedules have ended by now; what is open is given its chance.
    if (open()) {
      world.heal();
      for (const agent of agents) agent.heal();
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
  violations.push(
    ...timely,
    ...world.checker.violations,
    ...world.bugs.map((message) => ({ promise: "P12", message })),
  );
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
    traceHash: createHash("sha256").update(world.lines.join("\n")).digest("hex"),
    virtualMs: world.scheduler.now - SIM_START,
    faults: world.stats.faults,
    sessions: world.checker.sessions.size,
    ended,
    batches: world.stats.batches,
    requests: world.stats.requests,
    events: world.checker.events,
    checked: { ...checked, P12: world.stats.requests },
  };
};

const finalChecks = (
  world: SimWorld,
  agents: readonly SimAgent[],
  operator: SimOperator,
  db: SimDatabase,
  stillOpen: boolean,
  check: (ok: boolean, promise: string, message: () => string) => void,
): void => {
  if (world.checker.violations.length > 0 || world.bugs.length > 0) return;
  check(!stillOpen, "L5", () => {
    const open = db.query("SELECT id, head, due_at FROM sessions WHERE status = 'open'");
    const unstarted = operator.started.filter(({ sessionId }) => sessionId === null).map(({ key }) => key);
    return `not ended ${HEAL_MS / 60_000} min after the faults stopped: ${JSON.stringify(open)} unstarted ${unstarted.join(",")}`;
  });
  // P8: one key, one session. P1: what was acknowledged is there.
  const seen = new Map<string, string>();
  for (const { key, sessionId } of operator.started) {
    if (sessionId === null) continue;
    check(world.checker.sessions.has(sessionId), "P1", () => `${sessionId} was acknowledged and is not in the log`);
    check(!seen.has(sessionId), "P8", () => `${key} and ${seen.get(sessionId)} got the same session`);
    seen.set(sessionId, key);
  }
  const byKey = db.query("SELECT idempotency_key, count(*) AS n FROM sessions GROUP BY idempotency_key HAVING n > 1");
  check(byKey.length === 0, "P8", () => `keys with several sessions: ${JSON.stringify(byKey)}`);
  for (const agent of agents) {
    for (const [id, sent] of agent.acknowledged) {
      const stored = new Set(db.query("SELECT sent FROM agent_log WHERE agent_id = ?", id).map((row) => row["sent"]));
      for (const text of sent)
        check(stored.has(text), "P1", () => `report ${id} ${text} was acknowledged and is not stored`);
    }
    for (const attemptId of agent.completed) {
      const found = db.query("SELECT 1 FROM log WHERE instr(events, ?) > 0 LIMIT 1", `"attemptId":"${attemptId}"`);
      check(found.length > 0, "P1", () => `completion of ${attemptId} was acknowledged and is not in the log`);
    }
    for (const [id, facts] of agent.facts) {
      const newest = Math.max(...facts.map(({ signedAt }) => signedAt));
      const sent = agent.sentFacts.get(id) ?? [];
      const types = new Set(sent.filter(({ signedAt }) => signedAt === newest).map(({ type }) => type));
      const [row] = db.query(
        "SELECT a.admission, a.signed_at, s.signed_at AS heir FROM agents a LEFT JOIN agents s ON s.id = a.superseded_by WHERE a.id = ?",
        id,
      );
      check(row !== undefined, "P1", () => `registration of ${id} was acknowledged and is not stored`);
      if (row === undefined || types.size > 1) continue;
      // A fact about an id that was replaced by a newer one is older than that.
      check(
        Math.max(Number(row["signed_at"]), Number(row["heir"])) >= newest,
        "P9",
        () => `${id}: an older fact than ${newest} won`,
      );
      if (Number(row["signed_at"]) === newest && row["admission"] !== "superseded") {
        const expected = types.has("REGISTER") ? "registered" : "deregistered";
        check(row["admission"] === expected, "P9", () => `${id} is ${String(row["admission"])}, not ${expected}`);
      }
    }
  }
};
