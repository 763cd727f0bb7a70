import { describe, expect, test } from "vitest";
import { createKeyCache } from "../../src/app/keys/key-cache.ts";
import { createFailureLimiter, createKeyLimiter } from "../../src/app/keys/token-bucket.ts";
import { createApp } from "../../src/http/app.ts";
import { expectProblem, read, worldsOf, type Reply } from "../support/api.ts";
import { checkedRequest } from "../support/checked-app.ts";
import { makeKey } from "../support/keys.ts";
import { API_KEY, KEYS, type Platform, type World } from "../support/world.ts";

const MINUTE = 60_000;

/** How often may be asked, and how often an address may come with a wrong key. */
export const rateLimitsSuite = (platform: Platform): void => {
  const open = worldsOf(platform);

  /** The world's app with three requests a minute for each key and three failures for each address. */
  const limited = (world: World) => {
    const quota = { limit: 3, windowSeconds: 60 };
    const app = createApp(world.deps, {
      auth: {
        apiKey: API_KEY,
        setup: "",
        keys: { ...KEYS, cache: createKeyCache() },
        limits: {
          keys: createKeyLimiter(quota),
          failures: createFailureLimiter(quota),
          addressOf: (c) => c.req.header("X-Test-Address") ?? null,
        },
      },
      webhook: { secrets: [], allowUnsigned: true },
      accepting: () => true,
    });
    return (key: string | null, address = "a", path = "/v1/opscore/agents"): Promise<Reply> => {
      const headers: Record<string, string> = { "X-Test-Address": address };
      if (key !== null) headers["Authorization"] = `Bearer ${key}`;
      return read(checkedRequest(app, path, { headers }));
    };
  };

  describe(`rate limits on ${platform.name}`, () => {
    test("a key has its quota and is told of it in every answer, refusals too; past it 429 with Retry-After", async () => {
      const world = await open();
      const ask = limited(world);
      const { key } = await makeKey(world, { role: "viewer" });
      const told = ({ headers }: Reply) => [headers.get("RateLimit-Policy"), headers.get("RateLimit")];
      const policy = '"key";q=3;w=60';
      expect(told(await ask(key))).toEqual([policy, '"key";r=2;t=20']);
      expect(told(await ask(key, "a", "/v1/opscore/keys"))).toEqual([policy, '"key";r=1;t=40']);
      expect(told(await ask(key, "a", "/v1/opscore/nothing"))).toEqual([policy, '"key";r=0;t=60']);
      const refused = await ask(key);
      expectProblem(refused, 429, "rate_limited");
      expect(told(refused)).toEqual([policy, '"key";r=0;t=20']);
      expect(refused.headers.get("Retry-After")).toBe("20");
      expect((await ask(API_KEY)).status).toBe(200);
      world.clock.advance(20_000);
      expect((await ask(key)).status).toBe(200);
      for (let n = 0; n < 3; n += 1) expect((await ask(API_KEY)).status).toBe(200);
      expectProblem(await ask(API_KEY), 429, "rate_limited");
      expect((await ask(null, "a", "/health")).status).toBe(200);
    });

    test("an address that comes with wrong keys too often is 429 and no longer looked up; others are not touched", async () => {
      const world = await open();
      const ask = limited(world);
      const made = await Promise.all([0, 1, 2, 3].map(() => makeKey(world, { role: "viewer" })));
      await world.sql.batch([{ sql: "UPDATE keys SET mac = '00'", args: [] }], "write");
      const { key: good } = await makeKey(world, { role: "viewer" });
      expect((await ask(good)).status).toBe(200);
      await world.flush();
      for (const { key } of made.slice(0, 3)) expect((await ask(key)).status).toBe(401);
      const before = world.counts.roundTrips;
      const refused = await ask(made[3]?.key ?? "");
      expectProblem(refused, 429, "rate_limited");
      expect(refused.headers.get("Retry-After")).toBe("20");
      expectProblem(await ask("wrong"), 429, "rate_limited");
      expect(world.counts.roundTrips).toBe(before);
      // Who shares the address and is known goes on, also when the ten seconds are over; and so does the root key.
      world.clock.advance(10_000);
      expect([(await ask(good)).status, (await ask(API_KEY)).status]).toEqual([200, 200]);
      expect((await ask("wrong", "b")).status).toBe(401);
      // Without a key nothing was tried.
      expect((await ask(null)).status).toBe(401);
      world.clock.advance(MINUTE);
      expect((await ask("wrong")).status).toBe(401);
    });

    test("a key of somebody who may not is no wrong key", async () => {
      const world = await open();
      const ask = limited(world);
      const { key } = await makeKey(world, { scopes: ["state:write"] });
      for (let n = 0; n < 3; n += 1) expect((await ask(key)).status).toBe(403);
      expect((await ask("wrong")).status).toBe(401);
    });
  });
};
