import { describe, expect, test } from "vitest";
import { sweep } from "../../src/app/sweep.ts";
import { call, worldsOf } from "../support/api.ts";
import { hooksOf, WEBHOOKS } from "../support/hooks.ts";
import type { Platform } from "../support/world.ts";

const ENDS = { events: ["session.completed"] };

/** What happens to subscriptions while they are served, or rest; and when there is much to send. */
export const webhooksChangesSuite = (platform: Platform): void => {
  const open = hooksOf(worldsOf(platform));

  /** Three events to be sent to `/a`; the first of them has `meanwhile` happen before it is answered. */
  const during = async (meanwhile: (hooks: Awaited<ReturnType<typeof open>>, id: string) => Promise<unknown>) => {
    const hooks = await open();
    const id = await hooks.subscribe("/a", ENDS);
    for (const _ of [1, 2, 3]) await hooks.run();
    let isFirst = true;
    hooks.answer("/a", async () => {
      if (isFirst) {
        isFirst = false;
        await meanwhile(hooks, id);
      }
      return { status: 200 };
    });
    await hooks.world.sweep();
    return { ...hooks, id };
  };

  describe(`subscriptions that change on ${platform.name}`, () => {
    test("deleted while it is served: nothing more is sent", async () => {
      const { at, pass } = await during(({ world }, id) => call(world, "DELETE", `${WEBHOOKS}/${id}`));
      await pass(60_000);
      expect(at("/a")).toHaveLength(1);
    });

    test("disabled while it is served: the rest waits until it is enabled", async () => {
      const { at, pass, post, id, deliveries } = await during(({ post: say }, one) => say(one, "disable"));
      await pass(60_000);
      expect(at("/a")).toHaveLength(1);
      await post(id, "enable");
      await pass(1_000);
      expect(at("/a").map((event) => event.id)).toEqual(
        (await deliveries(id)).map(({ deliveryId }) => deliveryId).toReversed(),
      );
    });

    test("its URL changed while it is served: the rest goes there, in order", async () => {
      const { at, world } = await during(({ world: one }, id) =>
        call(one, "PUT", `${WEBHOOKS}/${id}`, { url: "http://hook.test/b", ...ENDS }),
      );
      expect([at("/a").length, at("/b").length]).toEqual([1, 0]);
      await world.sweep();
      expect(at("/a")).toHaveLength(1);
      const ids = at("/b").map((event) => event.id);
      expect(ids).toEqual(ids.toSorted());
      expect(ids).toHaveLength(2);
      expect(ids.join()).not.toContain(".");
    });

    test("its secret replaced while it is served: the old one signs nothing more", async () => {
      const { at, world } = await during(async ({ post, secrets }, id) => {
        const rotated = await post(id, "rotate", { overlapSeconds: 0 });
        secrets.set("/a", String(rotated.body["secret"]));
      });
      expect(at("/a")).toHaveLength(1);
      await world.sweep();
      // The endpoint verifies each.
      expect(at("/a").map(({ signatures }) => signatures)).toEqual([1, 1, 1]);
    });

    test("a delivery that is asked for again while it is on its way is sent again", async () => {
      const { at, pass } = await during(async ({ world, post, at: got }, id) => {
        world.clock.advance(10);
        expect((await post(id, `deliveries/${got("/a")[0]?.id ?? ""}/redeliver`)).status).toBe(202);
      });
      await pass(2_000);
      const ids = at("/a").map((event) => event.id);
      expect([ids.length, new Set(ids).size, ids.at(-1)]).toEqual([4, 3, ids[0]]);
    });

    test("another URL, a test event and a delivery sent again do not wait for an endpoint to have rested", async () => {
      const { world, subscribe, at, run, answer, post, get, deliveries } = await open();
      const id = await subscribe("/a", ENDS);
      const busy = { status: 503, headers: { "Retry-After": "86400" } };
      answer("/a", () => busy);
      await run();
      await world.sweep();
      expect(at("/a")).toHaveLength(1);
      expect((await get(id))["nextTryAt"]).not.toBeNull();

      await post(id, "test");
      await world.sweep();
      expect(at("/a").map(({ type }) => type)).toEqual(["session.completed", "webhook.ping"]);
      const [first] = at("/a");
      await post(id, `deliveries/${first?.id ?? ""}/redeliver`);
      answer("/a", () => ({ status: 200 }));
      await world.sweep();
      expect(at("/a").map((event) => event.id)).toEqual([first?.id, at("/a")[1]?.id, first?.id]);

      answer("/a", () => busy);
      await run();
      await world.sweep();
      const put = await call(world, "PUT", `${WEBHOOKS}/${id}`, { url: "http://hook.test/b", ...ENDS });
      expect(put.body).toMatchObject({ failures: 0, nextTryAt: null });
      await run();
      await world.sweep();
      expect(at("/b")).toHaveLength(1);
      expect((await deliveries(id)).filter(({ status }) => status === "pending")).toHaveLength(2);
    });

    test("many events are sent in one sweep, in order, each once", { timeout: 60_000 }, async () => {
      const { world, subscribe, at, run } = await open();
      await subscribe("/a");
      const before = world.clock.now();
      for (let n = 0; n < 30; n += 1) await run();
      await world.sweep();
      const ids = at("/a").map((event) => event.id);
      expect(ids.length).toBe(150);
      expect(ids).toEqual([...new Set(ids)].toSorted());
      expect(world.clock.now()).toBe(before);
    });

    test("while the log never rests, the one that was served longest ago comes first", async () => {
      const { world, subscribe, at, run } = await open();
      const paths = ["/a", "/b", "/c", "/d", "/e", "/f"];
      for (const path of paths) await subscribe(path, ENDS);
      for (let n = 0; n < 4; n += 1) {
        await run();
        // Two a sweep.
        await sweep(world.deps, { own: 10, limit: 20 });
        await world.flush();
        world.clock.advance(1_000);
      }
      expect(paths.filter((path) => at(path).length === 0)).toEqual([]);
    });
  });
};
