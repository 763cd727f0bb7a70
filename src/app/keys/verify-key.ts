import type { KeyRecord } from "../key-port.ts";
import type { Deps } from "../deps.ts";
import { OpsError } from "../ops-error.ts";
import { describeFailure } from "../publish.ts";
import { grantsOf } from "./grants.ts";
import { isFresh, type KnownKey } from "./key-cache.ts";
import { macOf, pepperOf } from "./key-mac.ts";
import { requirePepper, type KeySettings } from "./key-settings.ts";
import { readKeyText, type KeyText } from "./key-text.ts";
import type { Principal } from "./principal.ts";
import { isSame } from "./same-text.ts";

/** A use is written down if the one noted before is older than this (ms). */
const USE_MS = 3_600_000;

const NEVER_ENDS = Number.MAX_SAFE_INTEGER;

type KeyDeps = Pick<Deps, "store" | "clock" | "defer" | "log">;

const refused = (message = "Invalid authentication credentials"): OpsError => new OpsError("unauthorized", message);

/**
 * The principal of a key that passed within the last ten seconds, without asking anybody; `null`: it has to be looked
 * up. Throws 401 for what was mistyped or cut off, and for what is known not to be.
 */
export const recallKey = (deps: KeyDeps, { cache }: KeySettings, text: string): Principal | null => {
  const read = readKeyText(text);
  if (read === null) throw refused("The key was mistyped or cut off: its checksum does not fit");
  const now = deps.clock.now();
  const known = cache.get(read.keyId, now);
  if (known === null) throw refused();
  if (known === undefined || !isFresh(known.readAt, now)) return null;
  const passed = known.passed.find((one) => now < one.until && isSame(one.text, text));
  return passed === undefined ? null : principalOf(known, now);
};

/** Whether this very secret has passed before, however long ago. */
export const hasPassed = (deps: KeyDeps, { cache }: KeySettings, text: string): boolean => {
  const read = readKeyText(text);
  const known = read === null ? null : cache.get(read.keyId, deps.clock.now());
  return known?.passed.some((one) => isSame(one.text, text)) === true;
};

/**
 * Looks a key up and verifies it: one round trip, or none if the key (with another secret) is known. Its use is written
 * down in the background, one row an hour at most; there a secret found under an older pepper gets its MAC under the
 * newest. 401 if it does not pass, 503 without a pepper.
 */
export const verifyKey = async (deps: KeyDeps, settings: KeySettings, text: string): Promise<Principal> => {
  requirePepper(settings);
  const read = readKeyText(text);
  if (read === null) throw refused();
  const { cache, peppers } = settings;
  // Taken before the question: a change committed after it is seen ten seconds later at the latest.
  const now = deps.clock.now();
  const known = await lookUp(deps, settings, read.keyId, now);
  if (known === null) throw refused();
  const { record } = known;
  const secret = await secretOf(record, peppers, read, now);
  if (secret === null) throw refused();
  const principal = principalOf(known, now);
  cache.pass(read.keyId, text, secret.until);
  noteUse(deps, settings, record, read, secret, now);
  return principal;
};

const lookUp = async (
  { store }: KeyDeps,
  { cache }: KeySettings,
  keyId: string,
  now: number,
): Promise<KnownKey | null> => {
  const cached = cache.get(keyId, now);
  if (cached === null || (cached !== undefined && isFresh(cached.readAt, now))) return cached;
  const record = await store.loadKey(keyId);
  const known = record === null ? null : { record, grants: grantsOf(record.role, record.scopes), readAt: now };
  const entry = known === null ? null : { ...known, passed: [] };
  cache.put(keyId, entry, now);
  return entry;
};

interface Secret {
  readonly mac: string;
  /** Epoch ms. */
  readonly until: number;
  /** The place of the pepper that it was found under. */
  readonly pepper: number;
}

/** Which secret of the key this is; `null`: none. */
const secretOf = async (
  record: KeyRecord,
  peppers: readonly string[],
  { signed }: KeyText,
  now: number,
): Promise<Secret | null> => {
  for (const { mac, until } of [{ mac: record.mac, until: NEVER_ENDS }, ...record.overlaps]) {
    if (now >= until) continue;
    const pepper = await pepperOf(peppers, mac, signed);
    if (pepper >= 0) return { mac, until, pepper };
  }
  return null;
};

/** Said only to whoever has the secret. */
const principalOf = ({ record, grants }: KnownKey, now: number): Principal => {
  const { id, name, expiresAt, revoked } = record;
  if (revoked !== null) throw refused("The key was revoked");
  if (expiresAt !== null && now >= expiresAt) throw refused("The key has expired");
  return { kind: "key", id, name, grants, expiresAt };
};

const noteUse = (
  deps: KeyDeps,
  { peppers }: KeySettings,
  record: KeyRecord,
  { signed }: KeyText,
  secret: Secret,
  now: number,
): void => {
  const [newest = ""] = peppers;
  const isNoted = record.lastUsedAt !== null && now - record.lastUsedAt < USE_MS;
  if (isNoted && secret.pepper === 0) return;
  deps.defer.defer(async () => {
    try {
      const renewed = secret.pepper === 0 ? null : { from: secret.mac, to: await macOf(newest, signed) };
      await deps.store.noteKeyUse({ id: record.id, at: now, unlessAfter: now - USE_MS, renewed });
    } catch (error) {
      deps.log.log("warn", "the use of a key could not be noted; its next use will be", {
        keyId: record.id,
        error: describeFailure(error),
      });
    }
  });
};
