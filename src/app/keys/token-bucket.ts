import type { FailureLimiter, KeyLimiter, Quota, Taken } from "../limit-port.ts";

/** Buckets kept at most: what is full forgets the one that was not asked for the longest, which then is full again. */
const MAX_BUCKETS = 10_000;

interface Bucket {
  tokens: number;
  at: number;
}

/** Buckets by name: each holds `limit` tokens and gets as many in each window, evenly. Exact, in this process. */
const createBuckets = ({ limit, windowSeconds }: Quota) => {
  const buckets = new Map<string, Bucket>();
  const perMs = limit / (windowSeconds * 1_000);
  const look = (name: string, now: number): Bucket => {
    const known = buckets.get(name);
    if (known === undefined) return { tokens: limit, at: now };
    // A clock that was set back brings nothing.
    const tokens = Math.min(limit, known.tokens + Math.max(0, now - known.at) * perMs);
    return { tokens, at: now };
  };
  const keep = (name: string, bucket: Bucket): void => {
    buckets.delete(name);
    if (buckets.size >= MAX_BUCKETS) buckets.delete(buckets.keys().next().value ?? "");
    buckets.set(name, bucket);
  };
  const secondsUntil = (tokens: number, wanted: number): number =>
    Math.ceil(Math.max(0, wanted - tokens) / perMs / 1_000);
  return { look, keep, secondsUntil };
};

/** The requests of each key, counted exactly. */
export const createKeyLimiter = (quota: Quota): KeyLimiter => {
  const { look, keep, secondsUntil } = createBuckets(quota);
  return {
    quota,
    take: (key, now): Taken => {
      const { tokens, at } = look(key, now);
      if (tokens < 1) return { ok: false, remaining: 0, resetSeconds: secondsUntil(tokens, 1) };
      keep(key, { tokens: tokens - 1, at });
      return { ok: true, remaining: Math.floor(tokens - 1), resetSeconds: secondsUntil(tokens - 1, quota.limit) };
    },
  };
};

/** The failures of each address, counted exactly. */
export const createFailureLimiter = (quota: Quota): FailureLimiter => {
  const { look, keep, secondsUntil } = createBuckets(quota);
  const blockedFor = (address: string, now: number): number | null => {
    const { tokens } = look(address, now);
    return tokens < 1 ? secondsUntil(tokens, 1) : null;
  };
  return {
    blockedFor,
    failed: (address, now) => {
      const blocked = blockedFor(address, now);
      if (blocked !== null) return blocked;
      const { tokens, at } = look(address, now);
      keep(address, { tokens: tokens - 1, at });
      return null;
    },
  };
};
