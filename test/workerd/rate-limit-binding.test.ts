import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { bindingFailureLimiter, bindingKeyLimiter, type RateLimitBinding } from "../../src/entry/worker-limits.ts";
import worker, { type Env } from "../../src/entry/worker.ts";
import "../support/workerd-env.ts";

const KEY = "a-key-long-enough-for-workers";

const ask = async (key: string, address: string): Promise<Response> => {
  const context = createExecutionContext();
  const request = new Request("http://localhost/v1/opscore/agents", {
    headers: { Authorization: `Bearer ${key}`, "CF-Connecting-IP": address },
  });
  const workerEnv: Env = { ...env, OPSCORE_API_KEY: KEY, LOG_LEVEL: "error" };
  const answer = await worker.fetch(request as never, workerEnv, context);
  await answer.clone().text();
  await waitOnExecutionContext(context);
  return answer;
};

test("the bindings of wrangler.toml count: an address with 60 wrong keys is 429, another is not", async () => {
  const statuses = new Set<number>();
  let refused: Response | null = null;
  for (let n = 0; n < 130 && refused === null; n += 1) {
    const answer = await ask("wrong", "203.0.113.7");
    statuses.add(answer.status);
    if (answer.status === 429) refused = answer;
    // The window of the binding begins at full minutes: at most two of them are met.
    if (n < 59) expect(answer.status).toBe(401);
  }
  expect([...statuses]).toEqual([401, 429]);
  expect(Number(refused?.headers.get("Retry-After"))).toBeGreaterThan(0);
  expect((await ask("wrong", "203.0.113.8")).status).toBe(401);
  const root = await ask(KEY, "203.0.113.7");
  expect([root.status, root.headers.get("RateLimit-Policy"), root.headers.get("RateLimit")]).toEqual([
    200,
    '"key";q=1000000;w=60',
    null,
  ]);
});

test("a binding that says no is 429 for the key; one that is out of order lets everybody through", async () => {
  const quota = { limit: 1, windowSeconds: 60 };
  const saying = (success: boolean): RateLimitBinding => ({ limit: () => Promise.resolve({ success }) });
  const broken: RateLimitBinding = { limit: () => Promise.reject(new Error("out of order")) };
  expect(await bindingKeyLimiter(saying(false), quota).take("a", 0)).toEqual({
    ok: false,
    remaining: 0,
    resetSeconds: 60,
  });
  expect(await bindingKeyLimiter(broken, quota).take("a", 0)).toMatchObject({ ok: true, remaining: null });
  const failures = bindingFailureLimiter(saying(false), new Map());
  expect(failures.blockedFor("a", 0)).toBeNull();
  expect(await failures.failed("a", 0)).toBe(10);
  expect([failures.blockedFor("a", 9_999), failures.blockedFor("a", 10_000), failures.blockedFor("b", 0)]).toEqual([
    1,
    null,
    null,
  ]);
  expect(await bindingFailureLimiter(broken, new Map()).failed("a", 0)).toBeNull();
});
