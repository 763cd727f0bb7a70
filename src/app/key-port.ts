import type { Role } from "../contract/grants.ts";
import type { Actor } from "../core/session/state.ts";
import type { AuditCommit } from "./audit-port.ts";
import type { Claim } from "./reply-port.ts";

/** An API key as stored: all but its secret, of which there is only a peppered HMAC. Times are epoch ms. */
export interface KeyRecord {
  readonly id: string;
  /** Raised by every change but those of use; the guard. */
  readonly seq: number;
  readonly name: string;
  readonly role: Role | null;
  /** As they were given. */
  readonly scopes: readonly string[];
  /** Of the newest secret; lower-case hexadecimal. */
  readonly mac: string;
  readonly createdAt: number;
  readonly createdBy: Actor;
  readonly expiresAt: number | null;
  /** Coarse: written at most once an hour. */
  readonly lastUsedAt: number | null;
  readonly rotatedAt: number | null;
  /** The secrets before the newest one and until when they pass; the newest of them first. */
  readonly overlaps: readonly { readonly mac: string; readonly until: number }[];
  readonly revoked: { readonly at: number; readonly by: Actor; readonly reason: string | null } | null;
}

export interface KeyCommit {
  /** `null`: the key is new. */
  readonly previous: KeyRecord | null;
  /** Its `seq` is one more than that of `previous`. */
  readonly next: KeyRecord;
  /** Held while it is committed; notes `{keyId}` as its effect. */
  readonly claim?: Claim | null;
  /** The audit row of an operator's change. */
  readonly audit?: AuditCommit;
}

/** A key was used. */
export interface KeyUse {
  readonly id: string;
  readonly at: number;
  /** A use noted after this is new enough: nothing is written. */
  readonly unlessAfter: number;
  /** The same secret under the newest pepper, where it was found under an older one. */
  readonly renewed: { readonly from: string; readonly to: string } | null;
}

/** API keys in the store. Every method is one round trip. */
export interface KeyStore {
  loadKey(keyId: string): Promise<KeyRecord | null>;
  /** `stale`: somebody else was faster and nothing was written. */
  commitKey(commit: KeyCommit): Promise<"committed" | "stale">;
  /** At most one row written. */
  noteKeyUse(use: KeyUse): Promise<void>;
  /** Newest first; `after`: the id of the last one of the page before. */
  listKeys(page: { readonly after: string | null; readonly limit: number }): Promise<readonly KeyRecord[]>;
}
