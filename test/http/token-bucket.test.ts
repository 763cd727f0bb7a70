import { describe, expect, test } from "vitest";
import { createFailureLimiter, createKeyLimiter } from "../../src/app/keys/token-bucket.ts";
import { networkOf } from "../../src/http/middleware/rate-limit.ts";

const quota = { limit: 3, windowSeconds: 60 };

describe("the requests of a key", () => {
  test("are as many as the quota says at once, and then one each time there is one again", () => {
    const { take } = createKeyLimiter(quota);
    expect([take("a", 0), take("a", 0), take("a", 0)]).toEqual([
      { ok: true, remaining: 2, resetSeconds: 20 },
      { ok: true, remaining: 1, resetSeconds: 40 },
      { ok: true, remaining: 0, resetSeconds: 60 },
    ]);
    expect(take("a", 0)).toEqual({ ok: false, remaining: 0, resetSeconds: 20 });
    expect(take("a", 19_999)).toMatchObject({ ok: false, resetSeconds: 1 });
    expect(take("a", 20_000)).toMatchObject({ ok: true });
    expect(take("a", 20_000)).toMatchObject({ ok: false });
    expect(take("b", 20_000)).toMatchObject({ ok: true, remaining: 2 });
    expect(take("a", 10 * 60_000)).toEqual({ ok: true, remaining: 2, resetSeconds: 20 });
  });

  test("a clock that was set back gives nothing and takes nothing", () => {
    const { take } = createKeyLimiter(quota);
    for (let n = 0; n < 3; n += 1) void take("a", 100_000);
    expect(take("a", 0)).toMatchObject({ ok: false });
    expect(take("a", 120_000)).toMatchObject({ ok: true });
  });

  test("of 10,000 keys is known how many they made, no more", () => {
    const { take } = createKeyLimiter({ limit: 1, windowSeconds: 60 });
    for (let n = 0; n <= 10_000; n += 1) void take(String(n), 0);
    expect([take("1", 0), take("10000", 0)]).toMatchObject([{ ok: false }, { ok: false }]);
    expect(take("0", 0)).toMatchObject({ ok: true });
  });
});

test("the failures of an address: so many, then it is told when it may fail again", () => {
  const limiter = createFailureLimiter(quota);
  for (let n = 0; n < 3; n += 1) {
    expect(limiter.blockedFor("a", 0)).toBeNull();
    expect(limiter.failed("a", 0)).toBeNull();
  }
  expect([limiter.blockedFor("a", 0), limiter.failed("a", 0), limiter.failed("a", 1)]).toEqual([20, 20, 20]);
  expect([limiter.blockedFor("a", 20_000), limiter.blockedFor("b", 0)]).toEqual([null, null]);
});

test.each([
  ["127.0.0.1", "127.0.0.1"],
  ["::ffff:10.0.0.1", "10.0.0.1"],
  ["::FFFF:10.0.0.1", "10.0.0.1"],
  ["::1", "0:0:0:0::/64"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:0DB8:0001:0002::9", "2001:db8:1:2::/64"],
  ["2001:db8::9", "2001:db8:0:0::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
])("%s is counted as %s", (address, network) => {
  expect(networkOf(address)).toBe(network);
});
