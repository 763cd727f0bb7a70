import { clip } from "../../contract/problem.ts";
import type { Deps } from "../deps.ts";
import type { KeyRecord } from "../key-port.ts";
import type { Cause } from "../log-row.ts";
import type { HeldClaim } from "../reply-port.ts";
import { OpsError } from "../ops-error.ts";
import { contention, MAX_TRIES } from "../tries.ts";
import { commitKey } from "./commit-key.ts";
import { missingIn, type Grants } from "./grants.ts";
import type { KeySettings } from "./key-settings.ts";
import type { Principal } from "./principal.ts";

export const keyNotFound = (keyId: string): OpsError =>
  new OpsError("key_not_found", `There is no key ${clip(keyId)}.`);

/** Nobody gives away, with another key or another secret of one, what they may not do themselves: 403. */
export const requireOwn = (principal: Principal, wanted: Grants, expiresAt: number | null): void => {
  if (principal.kind === "root") return;
  const missing = missingIn(principal.grants, wanted);
  if (missing.length > 0) {
    throw new OpsError("forbidden", `Only what one has can be given; missing: ${clip(missing.join(" "))}`);
  }
  if (principal.kind === "user" || principal.expiresAt === null) return;
  if (expiresAt !== null && expiresAt <= principal.expiresAt) return;
  throw new OpsError("forbidden", "The key would outlive the one that is used for it.");
};

/**
 * Changes a key, guarded by its `seq`; `change` returns what it was given to leave it as it is. The key is forgotten here
 * at once, and elsewhere within ten seconds. Under a claim it is changed once, whoever dies on the way.
 */
export const changeKey = async (
  deps: Deps,
  settings: KeySettings,
  keyId: string,
  change: (record: KeyRecord, now: number) => KeyRecord | Promise<KeyRecord>,
  cause: Cause,
  claim: HeldClaim | null = null,
): Promise<KeyRecord> => {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const previous = await deps.store.loadKey(keyId);
    if (previous === null) throw keyNotFound(keyId);
    if (claim?.effect != null) return previous;
    const changed = await change(previous, deps.clock.now());
    if (changed === previous) return previous;
    const next = { ...changed, seq: previous.seq + 1 };
    if ((await commitKey(deps, { previous, next, claim }, cause)) === "committed") {
      settings.cache.forget(keyId);
      return next;
    }
  }
  throw contention();
};
