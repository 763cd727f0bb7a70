import { describe, expect, test } from "vitest";
import {
  call,
  expectProblem,
  oneTask,
  register,
  silentAgents,
  worldsOf,
  type Json,
  type Reply,
} from "../support/api.ts";
import type { Platform, World } from "../support/world.ts";

const DAY = 86_400_000;
const BASE = "/v1/opscore";

const sessionIds = async (world: World): Promise<unknown[]> =>
  ((await call(world, "GET", `${BASE}/sessions`)).body["data"] as Json[]).map(({ sessionId }) => sessionId);

/** Both ways to start a session honour Idempotency-Key in the same way. */
export const errorsIdempotencySuite = (platform: Platform): void => {
  describe.each([`${BASE}/sessions`, `${BASE}/agent/a1/workflow`])(
    `Idempotency-Key on %s, ${platform.name}`,
    (path) => {
      const open = worldsOf(platform);
      const body = { workflowDefinition: oneTask("a1"), initialPayload: { n: 1 } };

      const begin = async (): Promise<World> => {
        const world = await open({ call: silentAgents().call });
        await register(world, { agentId: "a1" });
        return world;
      };

      const send = async (world: World, key: string, content: unknown = body, to = path): Promise<Reply> => {
        const reply = await call(world, "POST", to, content, { "Idempotency-Key": key });
        await world.flush();
        return reply;
      };

      test("P8: the same key and body is the same answer and one session", async () => {
        const world = await begin();
        const first = await send(world, "k1");
        expect(first.status, first.text).toBe(202);
        for (const _ of [1, 2, 3]) {
          world.clock.advance(DAY);
          const again = await send(world, "k1");
          expect([again.status, again.text]).toEqual([202, first.text]);
          expect(again.headers.get("Location")).toBe(first.headers.get("Location"));
        }
        expect(await sessionIds(world)).toEqual([first.body["sessionId"]]);
      });

      test("also when the session has ended meanwhile, and when its definition has a newer revision", async () => {
        const world = await begin();
        await call(world, "POST", `${BASE}/workflows`, oneTask("a1", "saved"));
        const saved = { workflowDefinitionId: "saved" };
        const first = await send(world, "k1", saved);
        await call(world, "POST", `${BASE}/sessions/${first.body["sessionId"] as string}/cancel`);
        await call(world, "POST", `${BASE}/workflows`, oneTask("a1", "saved", { name: "other" }));
        expect((await send(world, "k1", saved)).text).toBe(first.text);
      });

      test("P8: calls at the same moment are one session and one answer", async () => {
        const world = await begin();
        const replies = await Promise.all([1, 2, 3, 4, 5].map(() => send(world, "k1")));
        expect(new Set(replies.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
        expect(replies[0]?.status).toBe(202);
        expect(await sessionIds(world)).toEqual([replies[0]?.body["sessionId"]]);
      });

      test("another body, or the same on another path, is 422 and starts nothing", async () => {
        const world = await begin();
        await register(world, { agentId: "a2" });
        await send(world, "k1");
        const other = { ...body, initialPayload: { n: 2 } };
        expectProblem(await send(world, "k1", other), 422, "idempotency_key_reused");
        expectProblem(await send(world, "k1", `${JSON.stringify(body)} `), 422, "idempotency_key_reused");
        expectProblem(await send(world, "k1", body, `${BASE}/agent/a2/workflow`), 422, "idempotency_key_reused");
        expect(await sessionIds(world)).toHaveLength(1);
      });

      test("different bodies at the same moment: one starts, the others are 422", async () => {
        const world = await begin();
        const bodies = [1, 2, 3, 4].map((n) => ({ ...body, initialPayload: { n } }));
        const replies = await Promise.all(bodies.map((one) => send(world, "k1", one)));
        expect(replies.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([202, 422, 422, 422]);
        expect(await sessionIds(world)).toHaveLength(1);
      });

      test("other keys, and none, start other sessions; letters of keys are told apart by case", async () => {
        const world = await begin();
        for (const key of ["k1", "K1", "k1 ".trim() + "!", "~".repeat(255)]) {
          expect((await send(world, key)).status).toBe(202);
        }
        for (const _ of [1, 2]) expect((await call(world, "POST", path, body)).status).toBe(202);
        expect(await sessionIds(world)).toHaveLength(6);
      });

      test("a key is free again after seven days, not before", async () => {
        const world = await begin();
        const first = await send(world, "k1");
        world.clock.advance(7 * DAY - 1);
        expect((await send(world, "k1")).text).toBe(first.text);
        world.clock.advance(1);
        const other = { ...body, initialPayload: { n: 2 } };
        const second = await send(world, "k1", other);
        expect(second.status).toBe(202);
        expect(second.body["sessionId"]).not.toBe(first.body["sessionId"]);
        expect((await send(world, "k1", other)).text).toBe(second.text);
        expectProblem(await send(world, "k1"), 422, "idempotency_key_reused");
        expect(await sessionIds(world)).toHaveLength(2);
      });

      test("a refused start does not use up the key", async () => {
        const world = await begin();
        expectProblem(await send(world, "k1", { workflowDefinitionId: "unknown" }), 404, "workflow_not_found");
        expect((await send(world, "k1")).status).toBe(202);
      });

      test.each(["", "a b", "k".repeat(256), "a\tb"])("the key %j is 400 and starts nothing", async (key) => {
        const world = await begin();
        expectProblem(await send(world, key), 400, "invalid_header");
        expect(await sessionIds(world)).toEqual([]);
      });
    },
  );
};
