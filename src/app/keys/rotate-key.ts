import { parseDuration } from "../../core/workflow/duration.ts";
import type { Deps } from "../deps.ts";
import type { KeyRecord } from "../key-port.ts";
import type { HeldClaim } from "../reply-port.ts";
import type { Cause } from "../log-row.ts";
import { OpsError } from "../ops-error.ts";
import { changeKey, requireOwn } from "./change-key.ts";
import type { MadeKey } from "./create-key.ts";
import { grantsOf } from "./grants.ts";
import { macOf } from "./key-mac.ts";
import { requirePepper, type KeySettings } from "./key-settings.ts";
import { newSecretFor } from "./key-text.ts";
import type { Principal } from "./principal.ts";

/** Secrets that pass beside the newest; what is more, forgets the oldest. */
const MAX_OVERLAPS = 4;

const passing = (older: KeyRecord["overlaps"], now: number, lasts: number): KeyRecord["overlaps"] =>
  older
    .map(({ mac, until }) => ({ mac, until: Math.min(until, now + lasts) }))
    .filter(({ until }) => until > now)
    .slice(0, MAX_OVERLAPS);

/**
 * Gives a key another secret, which whoever asks must themselves have the scopes of (403 else). Those before
 * pass for `overlap` (a duration) more at most, each no longer than it was given, and not beyond the key's own end. A
 * revoked or expired key is 409. After a lost answer it is said anew: the secret in use goes on.
 */
export const rotateKey = async (
  deps: Deps,
  settings: KeySettings,
  keyId: string,
  overlap: string,
  principal: Principal,
  cause: Cause,
  claim: HeldClaim | null = null,
): Promise<MadeKey> => {
  const lasts = parseDuration(overlap) ?? 0;
  const pepper = requirePepper(settings);
  let text: string | null = null;
  const change = async (key: KeyRecord, now: number): Promise<KeyRecord> => {
    requireOwn(principal, grantsOf(key.role, key.scopes), key.expiresAt);
    if (key.revoked !== null) throw new OpsError("conflict", "The key was revoked; create another.");
    if (key.expiresAt !== null && now >= key.expiresAt) {
      throw new OpsError("conflict", "The key has expired; create another.");
    }
    const made = newSecretFor(deps, settings.environment, keyId);
    text = made.text;
    const older = [{ mac: key.mac, until: now + lasts }, ...key.overlaps];
    return { ...key, mac: await macOf(pepper, made.signed), rotatedAt: now, overlaps: passing(older, now, lasts) };
  };
  const record = await changeKey(deps, settings, keyId, change, cause, claim);
  return { record, text };
};
