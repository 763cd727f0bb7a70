import type { Deps } from "../deps.ts";
import type { KeyRecord } from "../key-port.ts";
import type { Cause } from "../log-row.ts";
import { changeKey } from "./change-key.ts";
import type { KeySettings } from "./key-settings.ts";
import { actorOf, type Principal } from "./principal.ts";

/**
 * Ends a key for good: in this process at once, in others within ten seconds. The row stays: what the key did is still
 * named by it. One that was revoked before is left as it is.
 */
export const revokeKey = (
  deps: Deps,
  settings: KeySettings,
  keyId: string,
  reason: string | null,
  principal: Principal,
  cause: Cause,
): Promise<KeyRecord> =>
  changeKey(
    deps,
    settings,
    keyId,
    (key, now) =>
      key.revoked !== null ? key : { ...key, overlaps: [], revoked: { at: now, by: actorOf(principal), reason } },
    cause,
  );
