import { afterEach, describe, expect, test } from "vitest";
import type { Deps } from "../../src/app/deps.ts";
import { OpsError } from "../../src/app/ops-error.ts";
import { createWorld, type Platform, type World } from "../support/world.ts";

const HOUR = 3_600_000;

interface Entry {
  readonly events: readonly { readonly type: string }[];
}

/** What the engine does itself and what is lost each time: asked for less and less often, and given up in the end. */
export const lostWorkSuite = (platform: Platform): void => {
  describe(`work that is lost each time on ${platform.name}`, () => {
    const opened: World[] = [];
    afterEach(async () => {
      for (const world of opened.splice(0)) await world.close();
    });
    const run = async (broken: (deps: Deps) => Partial<Deps>, task: object) => {
      const world = await createWorld(platform);
      opened.push(world);
      const saved = { id: "child", name: "Child", tasks: [{ taskId: "rest", type: "wait", for: "1s" }] };
      expect((await world.request("POST", "/v1/opscore/workflows", saved)).status).toBe(201);
      const { deps } = world;
      const whole = { ...deps };
      const reply = await world.request("POST", "/v1/opscore/sessions", {
        workflowDefinition: {
          id: "losing",
          name: "Losing",
          tasks: [
            { taskId: "rest", type: "wait", for: "1s" },
            { taskId: "lost", retry: { maxAttempts: 1 }, ...task },
          ],
        },
      });
      expect(reply.status).toBe(202);
      const { sessionId } = (await reply.json()) as { sessionId: string };
      Object.assign(deps, broken(whole));
      return {
        ...world,
        mend: () => Object.assign(deps, whole),
        session: async () =>
          (await (await world.request("GET", `/v1/opscore/sessions/${sessionId}`)).json()) as Record<string, unknown>,
        types: async () => {
          const log = await world.request("GET", `/v1/opscore/sessions/${sessionId}/log?limit=200`);
          const { data } = (await log.json()) as { data: readonly Entry[] };
          return data.flatMap(({ events }) => events.map(({ type }) => type));
        },
      };
    };
    const killed = (): never => {
      throw new Error("the invocation was killed");
    };
    const call = { type: "http", url: "http://api.test/" };

    test("a call whose outcome never comes is made six times, then its attempt fails", async () => {
      const world = await run(() => ({ calls: { http: killed, tool: killed } }), call);
      await world.pass(HOUR);
      expect(await world.session()).toMatchObject({ status: "failed", error: { code: "call_lost" } });
      const types = await world.types();
      expect(types.filter((type) => type === "CallRequested")).toHaveLength(6);
    });

    test("a call whose outcome comes the third time completes its task", async () => {
      const world = await run(() => ({ calls: { http: killed, tool: killed } }), call);
      await world.pass(100_000);
      world.mend();
      Object.assign(world.deps, { calls: { http: () => Promise.resolve({ kind: "answered", output: 7 }) } });
      await world.pass(HOUR);
      expect(await world.session()).toMatchObject({ status: "completed" });
    });

    const child = { type: "workflow", workflowDefinitionId: "child" };
    const away = () => Promise.reject(new OpsError("store_unavailable", "away"));

    test("a child that cannot be started costs few rows, and fails its attempt in the end", async () => {
      const world = await run(({ store }) => ({ store: { ...store, loadStart: away } }), child);
      await world.pass(HOUR);
      expect(await world.session()).toMatchObject({ status: "running" });
      expect((await world.types()).filter((type) => type === "ChildRequested").length).toBeLessThan(18);
      await world.pass(HOUR);
      expect(await world.session()).toMatchObject({ status: "failed", error: { code: "child_not_started" } });
    });

    test("a child that can be started at last is", async () => {
      const world = await run(({ store }) => ({ store: { ...store, loadStart: away } }), child);
      await world.pass(HOUR);
      world.mend();
      await world.pass(HOUR / 4);
      expect(await world.session()).toMatchObject({ status: "completed" });
    });
  });
};
