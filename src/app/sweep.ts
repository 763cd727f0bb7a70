import { tickSession } from "./advance-session.ts";
import type { Deps } from "./deps.ts";
import { OpsError } from "./ops-error.ts";
import { describeFailure } from "./publish.ts";
import { purgeExpired } from "./purge-expired.ts";
import { serveWebhooks } from "./webhooks/serve-webhook.ts";
import { tickScheduleSafely } from "./schedules/tick-schedule.ts";

/** A session whose tick failed is looked at again after this long, so that it does not stand before others. */
export const POSTPONE_MS = 60_000;

/** Each may start ten sessions, so a sweep fires, and hands on, so many times fewer of them than sessions. */
const STARTS_A_SCHEDULE = 10;

export interface Swept {
  /** Sessions ticked by this sweep. */
  readonly ticked: number;
  /** Due sessions and schedules handed on as hints. */
  readonly handedOn: number;
  /** Schedules fired by this sweep. */
  readonly schedules: number;
}

/**
 * The safety net: ticks sessions that are due, oldest first, and those with a waiting task that a free agent
 * could take. At most `own` of them here; the rest, up to `limit`, as hints. Then it fires the schedules that are due,
 * a tenth of `own` at most; as many as a tenth of `limit` are hints, the others stay due. Never throws for one of them. Last it
 * serves webhooks in the background, and forgets some of the Idempotency-Keys and deliveries that have expired.
 */
export const sweep = async (deps: Deps, bounds: { readonly own: number; readonly limit: number }): Promise<Swept> => {
  const now = deps.clock.now();
  const limits = { due: bounds.limit, matched: bounds.own, schedules: Math.ceil(bounds.limit / STARTS_A_SCHEDULE) };
  const { due, matched, schedules, webhooks, expired } = await deps.store.toSweep(now, limits);
  const ids = [...new Set([...due, ...matched])];
  for (const sessionId of ids.slice(0, bounds.own)) await tickSafely(deps, sessionId);
  const rest = ids.slice(bounds.own);
  if (rest.length > 0) {
    await deps.hints.send(rest.map((sessionId) => ({ sessionId, at: now, kind: "retry" }) as const));
  }
  const own = schedules.slice(0, Math.ceil(bounds.own / STARTS_A_SCHEDULE));
  const others = schedules.slice(own.length);
  if (others.length > 0) {
    await deps.hints.send(others.map((scheduleId) => ({ scheduleId, at: now, kind: "schedule" }) as const));
  }
  for (const scheduleId of own) await tickScheduleSafely(deps, scheduleId);
  serveWebhooks(deps, webhooks);
  if (expired) await purgeExpired(deps);
  return { ticked: ids.length - rest.length, handedOn: rest.length + others.length, schedules: own.length };
};

/** A tick that sets a failing session aside for a minute instead of throwing. */
export const tickSafely = async (deps: Deps, sessionId: string): Promise<void> => {
  try {
    await tickSession(deps, sessionId);
  } catch (error) {
    deps.log.log("error", "a session could not be advanced", { sessionId, error: describeFailure(error) });
    // The store is everybody's trouble, and too many changes at once are nobody's: the next sweep tries again.
    if (error instanceof OpsError && (error.code === "store_unavailable" || error.code === "contention")) return;
    const now = deps.clock.now();
    try {
      await deps.store.postpone(sessionId, now, now + POSTPONE_MS);
    } catch (again) {
      deps.log.log("error", "a session could not be postponed", { sessionId, error: describeFailure(again) });
    }
  }
};
