import type { AuditAction, AuditTargetKind } from "../contract/audit.ts";
import type { Actor } from "../core/session/state.ts";
import type { LogRow } from "./store-port.ts";

/** The stream of the log that audit rows are in: one chain a shard. */
export const AUDIT_STREAM = "audit";

/** What was changed. Of a word about a task it is the session: one commit changes one session. */
export interface AuditTarget {
  readonly kind: AuditTargetKind;
  readonly id: string;
}

/** One operator's change, as it is recorded. Holds no payload and no secret: what it was is in two digests. */
export interface AuditEntry {
  readonly action: AuditAction;
  readonly actor: Actor;
  readonly requestId: string | null;
  readonly target: AuditTarget;
  /** SHA-256 of the target's canonical form before and after, lower-case hexadecimal; `null`: there was, or is, none. */
  readonly before: string | null;
  readonly after: string | null;
}

/** Length and newest hash of the chain, as they were loaded. */
export interface AuditHead {
  readonly seq: number;
  /** Empty before the first row. */
  readonly hash: string;
}

/** An audit row to be written in the batch of the change it records, and the head it follows. */
export interface AuditCommit {
  /** A fresh random text: what else the batch writes may hang on it. */
  readonly nonce: string;
  readonly previous: AuditHead;
  readonly entry: AuditEntry;
  readonly log: LogRow;
}

/** An audit row as it was written. */
export interface AuditRecord extends AuditEntry {
  readonly seq: number;
  /** Epoch ms. */
  readonly at: number;
  readonly hash: string;
}

/** What a list of audit rows is narrowed to; `null`: not by this. */
export interface AuditFilter {
  readonly actor: string | null;
  readonly action: string | null;
  readonly target: string | null;
  readonly targetKind: string | null;
  /** Epoch ms: at this time or later. */
  readonly since: number | null;
  /** Epoch ms: before this time. */
  readonly until: number | null;
}

/** The audit chain in the store. Every method is one round trip. It is written only along with what it records. */
export interface AuditStore {
  auditHead(): Promise<AuditHead>;
  /**
   * Rows of the chain, newest first, before the row number `before`. Looks at a bounded number of rows: `next` is where
   * to go on, also after a page without rows; `null`: that was the end.
   */
  listAudit(
    filter: AuditFilter,
    page: { readonly before: number | null; readonly limit: number },
  ): Promise<{ readonly rows: readonly AuditRecord[]; readonly next: number | null }>;
}
