import type { Deps } from "./deps.ts";

/** Rows of a kind that one sweep forgets at most. */
const PURGE = 200;

/** Forgets Idempotency-Keys and deliveries of webhooks that have expired, a few at a time. */
export const purgeExpired = async (deps: Deps): Promise<void> => {
  const now = deps.clock.now();
  await deps.store.purgeReplies(now, PURGE);
  await deps.store.purgeDeliveries(now, PURGE);
};
