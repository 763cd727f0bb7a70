import type { MadeKey } from "../app/keys/create-key.ts";
import type { KeyRecord } from "../app/key-port.ts";
import type { KeyAnswer, KeySecretAnswer } from "../contract/answers/key.ts";
import { formatRfc3339 } from "../contract/timestamp.ts";

const time = (epochMs: number | null | undefined): string | null =>
  epochMs === null || epochMs === undefined ? null : formatRfc3339(epochMs);

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
    expiresAt: time(expiresAt),
    lastUsedAt: time(key.lastUsedAt),
    rotatedAt: time(key.rotatedAt),
    overlapUntil: time(until > now ? until : null),
    revokedAt: time(revoked?.at),
    revokedBy: revoked?.by ?? null,
    revokedReason: revoked?.reason ?? null,
  };
};

export const keySecretToWire = ({ record, text }: MadeKey, now: number): KeySecretAnswer => ({
  ...keyToWire(record, now),
  key: text,
});
