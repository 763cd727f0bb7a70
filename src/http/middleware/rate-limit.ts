import type { Context } from "hono";
import type { FailureLimiter, KeyLimiter, Taken } from "../../app/limit-port.ts";
import { nameOf, type Principal } from "../../app/keys/principal.ts";
import { OpsError } from "../../app/ops-error.ts";
import type { AppEnv } from "../env.ts";

/** How often may be asked; `null`: as often as one likes. */
export interface Limits {
  readonly keys: KeyLimiter | null;
  readonly failures: FailureLimiter | null;
  /** Where a request comes from; `null`: nobody knows. */
  readonly addressOf: (c: Context<AppEnv>) => string | null;
}

/**
 * What is counted as one address: of IPv6 a network of 64 bits, which is what one customer has; of IPv4 each. A port or
 * zone behind it makes no difference.
 */
export const networkOf = (address: string): string => {
  const bare = address
    .toLowerCase()
    .replace(/^::ffff:(?=\d+\.)/, "")
    .replace(/%.*$/, "");
  if (!bare.includes(":")) return bare;
  const [head = "", tail] = bare.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros =
    tail === undefined ? [] : Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => "0");
  const groups = [...left, ...zeros, ...right].slice(0, 4);
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(":")}::/64`;
};

const headersOf = ({ quota }: KeyLimiter, { remaining, resetSeconds }: Taken): Readonly<Record<string, string>> => ({
  "RateLimit-Policy": `"key";q=${quota.limit};w=${quota.windowSeconds}`,
  ...(remaining === null ? {} : { RateLimit: `"key";r=${remaining};t=${resetSeconds}` }),
});

/** Takes one request of the key's quota; throws 429 where there is none. The headers for the answer. */
export const takeRequest = (
  limiter: KeyLimiter,
  principal: Principal,
  now: number,
): Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>> => {
  const judge = (taken: Taken): Readonly<Record<string, string>> => {
    const headers = headersOf(limiter, taken);
    if (taken.ok) return headers;
    const { limit, windowSeconds } = limiter.quota;
    throw new OpsError("rate_limited", `The key may ask ${limit} times in ${windowSeconds} s`, {
      headers,
      retryAfterSeconds: Math.max(1, taken.resetSeconds),
    });
  };
  const taken = limiter.take(nameOf(principal), now);
  return taken instanceof Promise ? taken.then(judge) : judge(taken);
};

/** Of an address that has failed too often. */
export const failedTooOften = (seconds: number): OpsError =>
  new OpsError("rate_limited", "Too many requests with a wrong key came from this address", {
    retryAfterSeconds: Math.max(1, seconds),
  });
