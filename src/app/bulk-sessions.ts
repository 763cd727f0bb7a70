import { SESSION_STATUSES, type SessionStatusText } from "../contract/queries.ts";
import { ownKey } from "../core/own-key.ts";
import { cancelSession } from "./cancel-session.ts";
import type { Deps } from "./deps.ts";
import { countSessions } from "./list-sessions.ts";
import type { Cause } from "./log-row.ts";
import { OpsError } from "./ops-error.ts";
import { describeFailure } from "./publish.ts";
import { loadEnded, rerunEnded, type Ended } from "./rerun-session.ts";
import type { SessionFilter } from "./session-lists-port.ts";
import { sha256 } from "./sha256.ts";

export type BulkAction = "cancel" | "rerun";

/** One call stops after so long (ms): many callers wait for ten seconds, and an answer that is lost costs a repeat. */
const MAX_MS = 5_000;

const SAMPLE = 10;

const ENDED: ReadonlySet<SessionStatusText> = new Set(["completed", "failed", "cancelled"]);

/**
 * The sessions of a filter that the action is for: open ones are cancelled, ended ones run again, but children only if
 * they are asked for by their parent: else it is the parent that is to be run again. `null`: there are none.
 */
export const filterFor = (action: BulkAction, filter: SessionFilter): SessionFilter | null => {
  const isRerun = action === "rerun";
  const statuses = (filter.statuses ?? SESSION_STATUSES).filter((status) => ENDED.has(status) === isRerun);
  if (statuses.length === 0) return null;
  return { ...filter, statuses, roots: isRerun && filter.parent === null ? true : null };
};

export interface BulkPreview {
  readonly matched: number;
  /** True: there are at least so many; only the newest were counted. */
  readonly capped: boolean;
  /** Ids of the newest. */
  readonly sample: readonly string[];
}

/** What an action would be for, after bounded work; writes nothing. */
export const previewBulk = async (deps: Deps, filter: SessionFilter): Promise<BulkPreview> => {
  // What has ended stays so: counted after the sample, it is among the counted; what is open may be gone by then.
  const { rows } = await deps.store.findSessions(filter, { after: null, limit: SAMPLE });
  const { total, exact } = await countSessions(deps, filter);
  return { matched: total, capped: !exact, sample: rows.slice(0, total) };
};

export interface BulkWish {
  readonly action: BulkAction;
  /** As `filterFor` gives it. */
  readonly filter: SessionFilter;
  readonly reason: string | null;
  /** The Idempotency-Key: under one key a session is run again once, however often it is asked for; for one wish only. */
  readonly key: string | null;
  readonly after: string | null;
  readonly limit: number;
}

export interface BulkResult {
  readonly done: readonly { readonly sessionId: string; readonly newSessionId?: string }[];
  readonly skipped: readonly { readonly sessionId: string; readonly code: string; readonly detail: string }[];
  /** The place to go on after; `null`: the end. */
  readonly next: string | null;
}

const idempotencyOf = (key: string, sessionId: string) => ({
  key: ownKey("rerun", key, sessionId),
  bodyHash: "bulk",
});

/** Whether a session was itself made under this key: a repeat that finds it ended meanwhile must leave it. */
const isOwnWork = async (deps: Deps, { state }: Ended, key: string): Promise<boolean> => {
  if (state.rerunOf === undefined) return false;
  const { earlier } = await deps.store.loadStart({
    definition: { kind: "pinned", ref: state.definition },
    home: null,
    needs: { rows: [], agents: [], caps: [] },
    idempotencyKey: idempotencyOf(key, state.rerunOf.sessionId).key,
    now: deps.clock.now(),
  });
  return earlier?.sessionId === state.id;
};

/** Acts on one session, and says so; an empty list: it is the call's own work, and left alone. */
const act = async (deps: Deps, wish: BulkWish, sessionId: string, cause: Cause): Promise<BulkResult["done"]> => {
  const { action, reason, key } = wish;
  if (action === "cancel") {
    await cancelSession(deps, sessionId, reason, cause);
    return [{ sessionId }];
  }
  const ended = await loadEnded(deps, sessionId);
  if (key !== null && (await isOwnWork(deps, ended, key))) return [];
  const again = { fromTaskId: null, input: null, parameters: null, reason };
  const made = await rerunEnded(deps, ended, again, key === null ? null : idempotencyOf(key, sessionId), cause);
  return [{ sessionId, newSessionId: made.sessionId }];
};

/** Why a session is left as it is. Trouble of ours, which passes, is thrown; a session that is damaged stops no other. */
const skippedBecause = (deps: Deps, sessionId: string, error: unknown): BulkResult["skipped"][number] => {
  if (error instanceof OpsError) {
    if (error.retryable) throw error;
    return { sessionId, code: error.code, detail: error.message };
  }
  deps.log.log("error", "a session of a bulk action failed", { sessionId, error: describeFailure(error) });
  return { sessionId, code: "internal_error", detail: "The server met an unexpected fault." };
};

/** A key that was used for another wish, whatever came of that, is refused. Where to go on and how far may differ. */
const requireKey = async (deps: Deps, { key, action, filter, reason }: BulkWish): Promise<void> => {
  if (key === null || (await deps.store.keepBulkKey(key, await sha256(JSON.stringify([action, filter, reason])))))
    return;
  throw new OpsError("idempotency_key_reused", "This Idempotency-Key was used with another action, filter or reason.");
};

/**
 * Cancels, or runs again, at most `limit` sessions of a filter, the newest first, one after the other, and says where
 * to go on. Trouble on the way ends the call early with what was done; if nothing was, it is thrown. Repeating a call
 * is safe: cancelled sessions are found no more, and under a key each is run again once; the key is kept before anything
 * is done, so also after a crash half-way it takes nothing else.
 */
export const bulkSessions = async (deps: Deps, wish: BulkWish, cause: Cause): Promise<BulkResult> => {
  const began = deps.clock.now();
  await requireKey(deps, wish);
  const { rows, next } = await deps.store.findSessions(wish.filter, wish);
  const done: BulkResult["done"][number][] = [];
  const skipped: BulkResult["skipped"][number][] = [];
  for (const [at, sessionId] of rows.entries()) {
    const place = rows[at - 1] ?? null;
    if (place !== null && deps.clock.now() - began >= MAX_MS) return { done, skipped, next: place };
    try {
      done.push(...(await act(deps, wish, sessionId, cause)));
    } catch (error) {
      if (place !== null && error instanceof OpsError && error.retryable) return { done, skipped, next: place };
      skipped.push(skippedBecause(deps, sessionId, error));
    }
  }
  return { done, skipped, next };
};
