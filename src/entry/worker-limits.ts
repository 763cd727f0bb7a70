import type { FailureLimiter, KeyLimiter, Quota } from "../app/limit-port.ts";

/** Cloudflare's rate-limit binding, as `wrangler.toml` sets it up. It counts by location, roughly. */
export interface RateLimitBinding {
  limit(options: { readonly key: string }): Promise<{ readonly success: boolean }>;
}

/** An address that the binding has refused is refused here so long (ms), without a look at anything. */
const BLOCKED_MS = 10_000;
const MAX_BLOCKED = 1_000;

/** A limiter that is out of order lets everybody through: it guards against too much, not against strangers. */
const passes = async (binding: RateLimitBinding, key: string): Promise<boolean> => {
  try {
    return (await binding.limit({ key })).success;
  } catch {
    return true;
  }
};

/** The requests of each key. The binding does not say how many are left, nor when there are more. */
export const bindingKeyLimiter = (binding: RateLimitBinding, quota: Quota): KeyLimiter => ({
  quota,
  take: async (key) => {
    const ok = await passes(binding, key);
    return { ok, remaining: ok ? null : 0, resetSeconds: quota.windowSeconds };
  },
});

/** The failures of each address; `blocked` outlives a request: when each address may try again, epoch ms. */
export const bindingFailureLimiter = (binding: RateLimitBinding, blocked: Map<string, number>): FailureLimiter => {
  const blockedFor = (address: string, now: number): number | null => {
    const until = blocked.get(address) ?? 0;
    return until > now ? Math.ceil((until - now) / 1_000) : null;
  };
  return {
    blockedFor,
    failed: async (address, now) => {
      if (await passes(binding, address)) return null;
      blocked.delete(address);
      if (blocked.size >= MAX_BLOCKED) blocked.delete(blocked.keys().next().value ?? "");
      blocked.set(address, now + BLOCKED_MS);
      return blockedFor(address, now);
    },
  };
};
