import type { KeyRecord } from "../key-port.ts";
import { isSame, padded, type Padded } from "./same-text.ts";
import type { Grants } from "./grants.ts";

/** For so long (ms) a key that was looked up is believed to be as it was. A revocation is effective after it. */
export const KEY_CACHE_MS = 10_000;

const MAX_KEYS = 5_000;
const MAX_UNKNOWN = 1_000;

/** A secret that passed, and until when (epoch ms) it may. */
interface Passed {
  readonly text: Padded;
  readonly until: number;
}

/** A key as it was at `readAt` (epoch ms). */
export interface KnownKey {
  readonly record: KeyRecord;
  readonly grants: Grants;
  readonly readAt: number;
  readonly passed: readonly Passed[];
}

/**
 * Keys that were looked up lately, so that hot calls ask the store nothing. It holds secrets that have passed, to compare
 * with: the process was sent them anyway. Bounded; what is full forgets the oldest. Made once a process or isolate.
 */
export interface KeyCache {
  /** What is known of a key, old or not; `null`: there was none by that id; `undefined`: never looked up. */
  get(keyId: string, now: number): KnownKey | null | undefined;
  put(keyId: string, known: KnownKey | null, now: number): void;
  /** This secret has passed for the key as it is known. */
  pass(keyId: string, text: string, until: number): void;
  forget(keyId: string): void;
}

const bounded = <T>(max: number) => {
  const map = new Map<string, T>();
  return {
    map,
    set: (key: string, value: T): void => {
      map.delete(key);
      if (map.size >= max) map.delete(map.keys().next().value ?? "");
      map.set(key, value);
    },
  };
};

export const createKeyCache = (): KeyCache => {
  const known = bounded<KnownKey>(MAX_KEYS);
  // Apart from the others: whoever tries ids out must not push out the keys in use.
  const unknown = bounded<number>(MAX_UNKNOWN);
  return {
    get: (keyId, now) => {
      const found = known.map.get(keyId);
      if (found !== undefined) return found;
      const lookedUpAt = unknown.map.get(keyId);
      return lookedUpAt !== undefined && isFresh(lookedUpAt, now) ? null : undefined;
    },
    put: (keyId, entry, now) => {
      if (entry === null) {
        known.map.delete(keyId);
        unknown.set(keyId, now);
      } else {
        unknown.map.delete(keyId);
        known.set(keyId, entry);
      }
    },
    pass: (keyId, text, until) => {
      const entry = known.map.get(keyId);
      if (entry === undefined) return;
      // As many as may be in use at a time: the newest secret, and the one before while they overlap.
      const others = entry.passed.filter((one) => !isSame(one.text, text)).slice(-1);
      known.map.set(keyId, { ...entry, passed: [...others, { text: padded(text), until }] });
    },
    forget: (keyId) => {
      known.map.delete(keyId);
      unknown.map.delete(keyId);
    },
  };
};

/** Whether what was read then is believed now. A clock that was set back makes it old. */
export const isFresh = (readAt: number, now: number): boolean => now >= readAt && now - readAt < KEY_CACHE_MS;
