import { randomHex, type Deps } from "../deps.ts";
import { logRow, type Cause } from "../log-row.ts";
import { AUDIT_STREAM, type AuditCommit, type AuditEntry, type AuditTarget } from "../audit-port.ts";

/**
 * How an operator's change is recorded, by whoever commits it:
 *
 * 1. The route says that the request is an operator's: `keyCause(c, "PutThing", "putThing")`; the action is the id of the
 *    operation, and is in `AUDIT_ACTIONS`.
 * 2. The use case, in its loop of tries, makes the entry with `auditEntry` (or has `null` for a change that is none) and
 *    commits inside `withAudit`. `before` and `after` are digests of the target's canonical form, never the form itself.
 * 3. The store puts `auditStatements` (src/store/audit.ts) into the very batch of the change and lets either hang on the
 *    other, and answers "stale" when the chain has moved on: then the use case loads and decides again, at most six
 *    times, then 503.
 *
 * So a change and its row are written both or not at all, whoever dies when, and an action that is refused, or repeated
 * without any effect, leaves no row.
 */
export const auditEntry = (
  { action, actor, requestId }: Cause,
  target: AuditTarget,
  before: string | null,
  after: string | null,
): AuditEntry | null => (action === undefined ? null : { action, actor, requestId, target, before, after });

/** The text of the row: what happened to what. Who and why is its cause. */
const eventOf = ({ target, before, after }: AuditEntry): object => ({ type: "OperatorActed", target, before, after });

/**
 * Runs a commit with the audit row that belongs to it, chained to the newest one there is. Within one process changes
 * go one after the other, so that they do not make each other stale; so the commit must not wait for another one. Without
 * an entry it runs at once, with `null`.
 */
export const withAudit = <T>(
  deps: Deps,
  entry: AuditEntry | null,
  at: number,
  commit: (audit: AuditCommit | null) => Promise<T>,
): Promise<T> => {
  if (entry === null) return commit(null);
  const work = (): Promise<T> => record(deps, entry, at, commit);
  return deps.turns === undefined ? work() : deps.turns.of(AUDIT_STREAM, work);
};

const record = async <T>(
  deps: Deps,
  entry: AuditEntry,
  at: number,
  commit: (audit: AuditCommit) => Promise<T>,
): Promise<T> => {
  const previous = await deps.store.auditHead();
  const place = { stream: AUDIT_STREAM, seq: previous.seq + 1, at };
  const { action, actor, requestId } = entry;
  const log = await logRow(place, { command: action, actor, requestId }, [eventOf(entry)], previous.hash);
  return commit({ nonce: randomHex(deps.entropy, 12), previous, entry, log });
};
