import { parseDuration } from "../../core/workflow/duration.ts";
import type { HeldClaim } from "../reply-port.ts";
import type { Role } from "../../contract/grants.ts";
import type { Deps } from "../deps.ts";
import type { KeyRecord } from "../key-port.ts";
import type { Cause } from "../log-row.ts";
import { contention, MAX_TRIES } from "../tries.ts";
import { requireOwn } from "./change-key.ts";
import { commitKey } from "./commit-key.ts";
import { grantsOf } from "./grants.ts";
import { macOf } from "./key-mac.ts";
import { requirePepper, type KeySettings } from "./key-settings.ts";
import { newKeyText } from "./key-text.ts";
import { readKey } from "./read-keys.ts";
import { actorOf, type Principal } from "./principal.ts";

export interface KeyRequest {
  readonly name: string;
  readonly role: Role | null;
  readonly scopes: readonly string[];
  /** A duration; `null`: it never ends. */
  readonly expiresIn: string | null;
}

/** A key and its text, which is nowhere kept: `null` where whoever made it died before the answer. */
export interface MadeKey {
  readonly record: KeyRecord;
  readonly text: string | null;
}

/**
 * Makes a key that may do no more than its maker (403 else). Made by a key that ends, it ends then too unless sooner.
 * Under a claim it is made once, and known to nobody if the answer was lost: then it is rotated, or revoked.
 */
export const createKey = async (
  deps: Deps,
  settings: KeySettings,
  { name, role, scopes, expiresIn }: KeyRequest,
  principal: Principal,
  cause: Cause,
  claim: HeldClaim | null = null,
): Promise<MadeKey> => {
  if (claim?.effect != null) return { record: await readKey(deps, claim.effect["keyId"] as string), text: null };
  const pepper = requirePepper(settings);
  const now = deps.clock.now();
  const own = principal.kind === "key" ? principal.expiresAt : null;
  const expiresAt = expiresIn === null ? own : now + (parseDuration(expiresIn) ?? 0);
  requireOwn(principal, grantsOf(role, scopes), expiresAt);
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const { keyId: id, signed, text } = newKeyText(deps, settings.environment);
    const record: KeyRecord = {
      id,
      seq: 1,
      name,
      role,
      scopes: [...new Set(scopes)],
      mac: await macOf(pepper, signed),
      createdAt: now,
      createdBy: actorOf(principal),
      expiresAt,
      lastUsedAt: null,
      rotatedAt: null,
      overlaps: [],
      revoked: null,
    };
    if ((await commitKey(deps, { previous: null, next: record, claim }, cause)) === "committed") {
      settings.cache.forget(id);
      return { record, text };
    }
  }
  throw contention();
};
