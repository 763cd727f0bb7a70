import { describe, expect, test } from "vitest";
import { systemCause } from "../../src/app/log-row.ts";
import { reportAgentState } from "../../src/app/report-agent-state.ts";
import { plainWorlds, taskFor, type PlainWorld } from "../support/plain-world.ts";
import type { Platform } from "../support/world.ts";

const ROUNDS = 50;

/** The task an agent holds, settled by its report. */
const complete = async (world: PlainWorld, agentId: string, at = -1): Promise<void> => {
  await world.say(agentId, "idle", { opscore_task_id: world.sent.at(at)?.attemptId ?? "" });
};

/** A task that waits is taken up by whatever makes it possible, and no sweep has a part in it. */
export const wakeUpsSuite = (platform: Platform): void => {
  const open = plainWorlds(platform);

  describe(`a waiting session starts without any sweep on ${platform.name}`, () => {
    test("when an agent with the capability registers", async () => {
      const world = await open();
      const sessionId = await world.start(taskFor("c"));
      await world.flush();
      expect(await world.status(sessionId)).toBe("started");
      await world.register("a", ["c"]);
      await world.flush();
      expect(world.sent.map((sent) => sent.sessionId)).toEqual([sessionId]);
    });

    test("when a registered agent learns the capability", async () => {
      const world = await open();
      await world.register("a", []);
      const sessionId = await world.start(taskFor("c"));
      await world.request("PUT", "/v1/opscore/agents/a", {
        agentName: "A",
        version: "2",
        capabilities: ["c"],
        contactEndpoint: "http://a.test/",
      });
      await world.flush();
      expect(world.sent.map((sent) => sent.sessionId)).toEqual([sessionId]);
    });

    test.each(["report", "call", "failure", "cancel"])("when an agent becomes free by %s", async (how) => {
      const world = await open();
      await world.register("a", ["c"]);
      const first = await world.start(taskFor("c"));
      const second = await world.start(taskFor("c"));
      await world.flush();
      const path = `/v1/opscore/tasks/${world.sent[0]?.attemptId ?? ""}`;
      if (how === "report") await complete(world, "a");
      if (how === "call") await world.request("POST", `${path}/complete`, {});
      if (how === "failure") {
        await world.request("POST", `${path}/fail`, { error: { code: "E", message: "m", retryable: false } });
      }
      if (how === "cancel") await world.request("POST", `/v1/opscore/sessions/${first}/cancel`);
      await world.flush();
      expect(world.sent.map((sent) => sent.sessionId)).toEqual([first, second]);
    });

    test("when the newest word of an agent with two places no longer is of a task that was cancelled", async () => {
      const world = await open();
      await world.register("a", ["c"], 2);
      const [first, second, third] = [
        await world.start(taskFor("c")),
        await world.start(taskFor("c")),
        await world.start(taskFor("c")),
      ];
      await world.flush();
      await world.say("a", "active", { opscore_task_id: world.sent[0]?.attemptId ?? "" });
      await world.request("POST", `/v1/opscore/sessions/${first}/cancel`);
      await world.flush();
      // It said that it works on the first, which counts until it says something else.
      expect(world.sent.map((sent) => sent.sessionId)).toEqual([first, second]);
      await world.say("a", "active", { opscore_task_id: world.sent[1]?.attemptId ?? "" });
      await world.flush();
      expect(world.sent.map((sent) => sent.sessionId)).toEqual([first, second, third]);
    });

    test.each(["maintenance", "busy", "error"])("when an agent that reported %s reports idle", async (state) => {
      const world = await open();
      await world.register("a", ["c"]);
      await world.say("a", state);
      const sessionId = await world.start(taskFor("c"));
      await world.flush();
      expect(await world.status(sessionId)).toBe("started");
      await world.say("a", "idle");
      await world.flush();
      expect(world.sent.map((sent) => sent.sessionId)).toEqual([sessionId]);
    });

    test("when an agent presumed lost is heard of again, by whatever report", async () => {
      const world = await open();
      await world.register("a", ["c"]);
      const lost = await world.start(taskFor("c"));
      await world.flush();
      await world.pass(900_000 + 10_000);
      const waiting = await world.start(taskFor("c"));
      await world.flush();
      expect(await world.status(waiting)).toBe("started");
      const before = world.sent.length;
      await world.say("a", "idle");
      await world.flush();
      expect(world.sent.slice(before).map((sent) => sent.sessionId)).toEqual([lost]);
    });
  });

  describe(`no wake-up is lost when both happen at once on ${platform.name}`, () => {
    test("a session starts while its agent registers", async () => {
      const world = await open();
      for (let round = 0; round < ROUNDS; round += 1) {
        const cap = `c${round}`;
        const both = [() => world.start(taskFor(cap)), () => world.register(`a${round}`, [cap])];
        await Promise.all((round % 2 === 0 ? both : both.toReversed()).map((act) => act()));
        await world.flush();
        expect(world.sent).toHaveLength(round + 1);
      }
    });

    test("a session starts while its agent reports idle", async () => {
      const world = await open();
      for (let round = 0; round < ROUNDS; round += 1) {
        const [cap, agent] = [`c${round}`, `a${round}`];
        await world.register(agent, [cap]);
        await world.say(agent, "maintenance");
        const both = [() => world.start(taskFor(cap)), () => world.say(agent, "idle")];
        await Promise.all((round % 2 === 0 ? both : both.toReversed()).map((act) => act()));
        await world.flush();
        expect(world.sent).toHaveLength(round + 1);
      }
    });

    test("a session starts while its agent completes the task of another", async () => {
      const world = await open();
      await world.register("a", ["c"]);
      await world.start(taskFor("c"));
      await world.flush();
      for (let round = 0; round < ROUNDS; round += 1) {
        const both = [() => world.start(taskFor("c")), () => complete(world, "a")];
        await Promise.all((round % 2 === 0 ? both : both.toReversed()).map((act) => act()));
        await world.flush();
        expect(world.sent).toHaveLength(round + 2);
      }
    });
  });

  describe(`first ready, first served on ${platform.name}`, () => {
    test("sessions that wait are served in the order in which they became ready", async () => {
      const world = await open();
      const sessions: string[] = [];
      for (let i = 0; i < 5; i += 1) {
        sessions.push(await world.start(taskFor("c")));
        world.clock.advance(10);
      }
      await world.register("a", ["c"]);
      await world.flush();
      for (let i = 1; i < 5; i += 1) {
        await complete(world, "a");
        await world.flush();
      }
      expect(world.sent.map((sent) => sent.sessionId)).toEqual(sessions);
    });

    test("the next step of a session does not overtake one that waits", async () => {
      const world = await open();
      await world.register("a", ["c", "d"]);
      const first = await world.start(taskFor("c", { agentCapability: "d" }));
      world.clock.advance(10);
      const second = await world.start(taskFor("c"));
      await world.flush();
      world.clock.advance(10);
      await complete(world, "a");
      await world.flush();
      await complete(world, "a");
      await world.flush();
      expect(world.sent.map((sent) => sent.sessionId)).toEqual([first, second, first]);
    });

    test("a session that starts before the wake-up of one that waits has come does not overtake it", async () => {
      const world = await open();
      await world.register("a", ["c"]);
      await world.say("a", "maintenance");
      const first = await world.start(taskFor("c"));
      await world.flush();
      // The agent becomes free, and whoever should have woken the first is no more.
      const lost = { ...world.deps, defer: { defer: () => undefined } };
      world.clock.advance(10);
      const { timestamp } = JSON.parse(world.body("a", "idle")) as { timestamp: string };
      const report = {
        agentId: "a",
        sent: timestamp,
        sentMicros: world.clock.now() * 1_000,
        state: "idle",
        details: {},
      };
      await reportAgentState(lost, report, systemCause("test"));
      world.clock.advance(10);
      const second = await world.start(taskFor("c"));
      await world.flush();
      await complete(world, "a");
      await world.flush();
      expect(world.sent.map((sent) => sent.sessionId)).toEqual([first, second]);
    });

    test("a session that starts while an agent becomes free does not overtake one that waits", async () => {
      const world = await open();
      const sessions: string[] = [];
      for (let round = 0; round < 20; round += 1) {
        const [cap, agent] = [`c${round}`, `a${round}`];
        await world.register(agent, [cap]);
        await world.say(agent, "maintenance");
        sessions.push(await world.start(taskFor(cap)));
        await world.flush();
        world.clock.advance(10);
        const both = [() => world.start(taskFor(cap)), () => world.say(agent, "idle")];
        await Promise.all((round % 2 === 0 ? both : both.toReversed()).map((act) => act()));
        await world.flush();
        expect(world.sent.map((sent) => sent.sessionId)).toEqual(sessions);
      }
    });
  });
};
