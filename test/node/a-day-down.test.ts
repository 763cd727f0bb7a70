import { describe, expect, test } from "vitest";
import type { HttpOutcome } from "../../src/agentkit/http-call.ts";
import { sweep } from "../../src/app/sweep.ts";
import type { JsonObject } from "../../src/core/json.ts";
import { boundedSql } from "../../src/store/bounded-sql.ts";
import type { Sql } from "../../src/store/sql-port.ts";
import { call, expectProblem } from "../support/api.ts";
import { memoryPlatform } from "../support/memory-platform.ts";
import { answered } from "../support/meter.ts";
import { createOutside, serveAll } from "../support/outside.ts";
import { plainWorlds, taskFor } from "../support/plain-world.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 1_440 * MINUTE_MS;
/** A sweep may be a minute away, and takes five seconds. */
const BACK_MS = 65_000;
const STEP_MS = 5_000;
/** How long a task waits at most between two deliveries that nobody could be given. */
const BACK_OFF_MS = 300_000;
/** 1 s doubling to 5 min, and at first another agent at once. */
const BEFORE_CAP = 9 + 1;
const START_DEADLINE_MS = 60_000;

const refused: HttpOutcome = { kind: "unreachable", reason: "refused the connection" };
const silence: HttpOutcome = { kind: "silence", reason: "did not answer within 10 s" };

/** A workflow whose every task may fail once and no more. */
const strict = (definition: JsonObject, timeout: JsonObject = {}): JsonObject => ({
  ...definition,
  defaults: { retry: { maxAttempts: 1 }, timeout },
});

describe("a day without AgentKit", () => {
  const open = plainWorlds(memoryPlatform());
  const openBehindKit = async () => {
    let clock = (): number => 0;
    const outside = createOutside(() => clock());
    const world = await open({ mode: "agentkit", call: outside.call });
    clock = () => world.clock.now();
    return { world, outside };
  };
  const twoSteps = strict(taskFor("work", { agentCapability: "work" }));

  test("L5: AgentKit refuses calls or answers 503: no session fails, and retries keep to their back-off", async () => {
    const { world, outside } = await openBehindKit();
    for (const id of ["a", "b", "c"]) await world.register(id, ["work"], 2);
    const sessions = [await world.start(twoSteps), await world.start(twoSteps)];
    await world.flush();
    const atWork = [...outside.given];
    expect(atWork).toHaveLength(2);
    for (const { agentId, attemptId } of atWork) await world.say(agentId, "active", { opscore_task_id: attemptId });
    const downAt = world.clock.now();
    outside.calls = 0;
    outside.fault = () => ((world.clock.now() - downAt) % (2 * 3_600_000) < 3_600_000 ? refused : answered(503));
    for (let minute = 0; minute < 1_440; minute += 1) {
      if (minute === 5) {
        for (const { attemptId } of atWork) await world.request("POST", `/v1/opscore/tasks/${attemptId}/complete`, {});
      }
      if (minute === 0 || minute === 10 || minute === 720) sessions.push(await world.start(twoSteps));
      await world.pass(MINUTE_MS);
    }
    console.log(`AgentKit refused ${outside.calls} deliveries of ${sessions.length} tasks in a day`);
    expect(outside.calls).toBeLessThanOrEqual(sessions.length * (BEFORE_CAP + DAY_MS / BACK_OFF_MS));
    expect(outside.calls).toBeGreaterThan(4 * (DAY_MS / BACK_OFF_MS / 2));
    expect(await Promise.all(sessions.map((id) => world.status(id)))).toEqual(sessions.map(() => "waiting"));

    outside.fault = () => null;
    const healedAt = world.clock.now();
    const fresh = await world.start(twoSteps);
    const all = [...sessions, fresh];
    expect(await serveAll(world, outside, all)).toEqual(all.map(() => "completed"));
    // What is new goes out at once, and what was refused when its back-off is over.
    expect(outside.givenAt(fresh, healedAt)).toBe(healedAt);
    for (const id of sessions) {
      expect(outside.givenAt(id, healedAt)).toBeLessThanOrEqual(healedAt + BACK_OFF_MS + BACK_MS);
    }
  });

  test("L5: AgentKit never answers: no session fails, and each delivery is given its start deadline", async () => {
    const { world, outside } = await openBehindKit();
    await world.register("a", ["work"]);
    outside.fault = () => silence;
    const sessions = [await world.start(twoSteps), await world.start(twoSteps)];
    for (let minute = 0; minute < 1_440; minute += 1) await world.pass(MINUTE_MS);
    console.log(`AgentKit was silent about ${outside.calls} deliveries of ${sessions.length} tasks in a day`);
    // Each holds the agent's only place until the start deadline.
    expect(outside.calls).toBeLessThanOrEqual(1 + DAY_MS / START_DEADLINE_MS);
    expect(outside.calls).toBeGreaterThan(DAY_MS / START_DEADLINE_MS / 2);

    outside.fault = () => null;
    const healedAt = world.clock.now();
    expect(await serveAll(world, outside, sessions)).toEqual(sessions.map(() => "completed"));
    expect(outside.given[0]?.at).toBeLessThanOrEqual(healedAt + BACK_MS);
  });
});

/** What D1, a libSQL server and a locked file say when they do not answer. */
const storeErrors: readonly (() => Error)[] = [
  () => new Error("D1_ERROR: Network connection lost."),
  () => new Error("D1_ERROR: D1 DB storage operation exceeded timeout which caused object to be reset."),
  () => new TypeError("fetch failed", { cause: Object.assign(new Error("connect"), { code: "ECONNREFUSED" }) }),
  () => Object.assign(new Error("SQLITE_BUSY: database is locked"), { code: "SQLITE_BUSY" }),
];

/** A hanging store's bound (real ms): what the database in memory answers is there before any time has passed. */
const HANG_MS = 3;

describe("a day without the store", () => {
  let down = false;
  let errors = 0;
  /** What was asked of a store that hangs, which it does when it is back. */
  let owed: (() => Promise<unknown>)[] = [];
  const outages = {
    refuses: () => Promise.reject(storeErrors[(errors += 1) % storeErrors.length]!()),
    hangs: (late) => {
      owed.push(late);
      return new Promise(() => undefined);
    },
  } satisfies Record<string, (late: () => Promise<unknown>) => Promise<unknown>>;
  let outage: keyof typeof outages = "refuses";
  const open = plainWorlds(
    memoryPlatform((sql) =>
      boundedSql(
        {
          batch: (statements, mode) => {
            const answer = () => sql.batch(statements, mode);
            return down ? (outages[outage](answer) as ReturnType<Sql["batch"]>) : answer();
          },
        },
        HANG_MS,
      ),
    ),
  );

  // A store that hangs is asked less often: each time costs real time.
  test.each([
    ["refuses", 1, 10],
    ["hangs", 10, 60],
  ] as const)(
    "L5: the store %s: no session fails, requests get 503 in time, and dispatches are back within 65 s",
    async (kind, sweepEvery, askEvery) => {
      [down, outage, owed] = [false, kind, []];
      let clock = (): number => 0;
      const outside = createOutside(() => clock());
      const world = await open({ mode: "direct", call: outside.call });
      clock = () => world.clock.now();
      const start = async (name: string, timeout: JsonObject = {}): Promise<string> => {
        const id = await world.start(strict(taskFor(name), timeout));
        await world.flush();
        return id;
      };
      const attemptOf = (sessionId: string): string =>
        outside.given.find((task) => task.sessionId === sessionId)!.attemptId;

      // Agents at work: one tells its end until it is heard, one told its start and tells its end once, one tells nothing.
      for (const id of ["insists", "speaks", "silent", "away", "last"]) await world.register(id, [id]);
      const insists = await start("insists");
      const speaks = await start("speaks");
      const silent = await start("silent");
      for (const [agentId, id] of [
        ["insists", insists],
        ["speaks", speaks],
      ] as const) {
        await world.say(agentId, "active", { opscore_task_id: attemptOf(id) });
      }
      const nobody = await start("nobody", { queue: "1h" });
      outside.fault = (url) => (url.includes("away") ? refused : null);
      const away = await start("away");
      outside.fault = (url) => {
        down ||= url.includes("last");
        return null;
      };
      const last = await start("last");
      expect(down).toBe(true);
      outside.fault = () => null;

      const calls = outside.calls;
      const result = world.body("insists", "idle", { opscore_task_id: attemptOf(insists) });
      const requests: readonly (readonly [string, string, unknown?])[] = [
      ["GET", "/ready"],
      ["GET", "/v1/opscore/sessions"],
      ["GET", `/v1/opscore/sessions/${insists}`],
      ["POST", "/v1/opscore/sessions", { workflowDefinition: taskFor("insists") }],
      ["POST", `/v1/opscore/sessions/${insists}/cancel`],
      ["POST", `/v1/opscore/tasks/${attemptOf(silent)}/complete`, {}],
      ["POST", "/v1/opscore/agent/insists/state", result],
      // It will not say so again, and is given work all the same.
      ["POST", "/v1/opscore/agent/speaks/state", world.body("speaks", "idle")],
      ["PUT", "/v1/opscore/agents/new", { agentName: "new", version: "1", capabilities: [], contactEndpoint: "http://new.test/" }],
    ]; // prettier-ignore
      for (let minute = 0; minute < 1_440; minute += sweepEvery) {
        const swept = sweep(world.deps, { own: 500, limit: 500 });
        await expect(swept).rejects.toMatchObject({ code: "store_unavailable" });
        for (const [method, path, body] of minute % askEvery === 0 ? requests : []) {
          const asked = performance.now();
          const reply = await call(world, method, path, body);
          expectProblem(reply, 503, "store_unavailable");
          expect(Number(reply.headers.get("Retry-After"))).toBeGreaterThan(0);
          expect(performance.now() - asked).toBeLessThan(5_000);
        }
        world.clock.advance(sweepEvery * MINUTE_MS);
      }
      expect(outside.calls).toBe(calls);

      down = false;
      expect(owed.length > 0).toBe(kind === "hangs");
      for (const late of owed) await late();
      const healedAt = world.clock.now();
      expect((await world.post("insists", result)).status).toBe(202);
      await world.register("nobody", ["nobody"]);
      for (let ms = 0; ms < BACK_MS; ms += STEP_MS) {
        await world.sweep();
        world.clock.advance(STEP_MS);
      }
      for (const [name, id] of Object.entries({ speaks, silent, nobody, away, last })) {
        expect(outside.givenAt(id, healedAt), name).toBeLessThanOrEqual(healedAt + BACK_MS);
      }
      const all = [insists, speaks, silent, nobody, away, last];
      expect(await serveAll(world, outside, all)).toEqual(all.map(() => "completed"));
    },
  );
});
