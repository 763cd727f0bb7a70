import type { MadeKey } from "../app/keys/create-key.ts";
import type { KeyRecord } from "../app/key-port.ts";
import type { KeyAnswer, KeySecretAnswer } from "../contract/answers/key.ts";
import { formatMoment, formatRfc3339 } from "../contract/timestamp.ts";

/** Names what is shown, one by one: whatever else a row has stays where it is. */
export const keyToWire = (key: KeyRecord, now: number): KeyAnswer => {
  const { revoked, expiresAt } = key;
  const until = Math.max(...key.overlaps.map((one) => one.until));
  return {
    keyId: key.id,
    name: key.name,
    role: key.role,
    scopes: key.scopes,
    status: revoked !== null ? "revoked" : expiresAt !== null && now >= expiresAt ? "expired" : "active",
    createdAt: formatRfc3339(key.createdAt),
    createdBy: key.createdBy,
    expiresAt: formatMoment(expiresAt),
    lastUsedAt: formatMoment(key.lastUsedAt),
    rotatedAt: formatMoment(key.rotatedAt),
    overlapUntil: formatMoment(until > now ? until : null),
    revokedAt: formatMoment(revoked?.at),
    revokedBy: revoked?.by ?? null,
    revokedReason: revoked?.reason ?? null,
  };
};

export const keySecretToWire = ({ record, text }: MadeKey, now: number): KeySecretAnswer => ({
  ...keyToWire(record, now),
  key: text,
});
