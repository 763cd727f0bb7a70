import { createKeySchema, revokeKeySchema, rotateKeySchema } from "../keys.ts";
import { pageQuery } from "../pages.ts";
import { operation } from "./operation.ts";
import { pageWith, STARTED_AT } from "./samples.ts";

const KEY_ID = "key_0001M8149T005WFVAED5FS98FYCY";

const key = {
  keyId: KEY_ID,
  name: "writer-1",
  role: null,
  scopes: ["state:write:writer-1", "tasks:write:writer-1"],
  status: "active",
  createdAt: STARTED_AT,
  createdBy: { kind: "key", id: "root" },
  expiresAt: null,
  lastUsedAt: null,
  rotatedAt: null,
  overlapUntil: null,
  revokedAt: null,
  revokedBy: null,
  revokedReason: null,
};

const secret = { ...key, key: "opsk_live_0001M8149T005WFVAED5FS98FYCY_…" };
const path = { keyId: KEY_ID };

/** API keys. What is shown once is in no list, no log and no answer that is repeated. */
export const keyOperations = {
  "POST /v1/opscore/keys": operation(
    "createKey",
    "Keys",
    "keys:write",
    [
      "Create a key",
      "The answer has the key itself, this once. It may do no more than whoever makes it; made by a key that expires, it ends no later.",
    ],
    {
      body: {
        schema: createKeySchema,
        example: { name: "writer-1", scopes: ["state:write:writer-1", "tasks:write:writer-1"] },
      },
      headers: ["Location"],
      idempotent: true,
      shownOnce: ["key"],
      answer: secret,
    },
  ),
  "GET /v1/opscore/keys": operation(
    "listKeys",
    "Keys",
    "keys:read",
    ["List keys", "All keys but the root key, newest first; those that were revoked or have expired too."],
    { query: pageQuery, answer: pageWith(key) },
  ),
  "GET /v1/opscore/keys/{keyId}": operation(
    "getKey",
    "Keys",
    "keys:read",
    ["Read a key", "What it may do and how it stands, without its secret."],
    { path, answer: key },
  ),
  "POST /v1/opscore/keys/{keyId}/rotate": operation(
    "rotateKey",
    "Keys",
    "keys:write",
    [
      "Rotate a key",
      "Gives it another secret, shown this once. Those before go on for `overlap` at most; `0s` ends them all. Needs all that the key itself may do.",
    ],
    {
      path,
      body: { schema: rotateKeySchema, required: false, example: { overlap: "1h" } },
      idempotent: true,
      shownOnce: ["key"],
      answer: { ...secret, rotatedAt: STARTED_AT, overlapUntil: "2026-11-22T09:00:00.000Z" },
    },
  ),
  "POST /v1/opscore/keys/{keyId}/revoke": operation(
    "revokeKey",
    "Keys",
    "keys:write",
    [
      "Revoke a key",
      "It ends for good, everywhere within ten seconds, and is kept to be looked at. One that was revoked before is answered as it is.",
    ],
    {
      path,
      idempotent: true,
      body: { schema: revokeKeySchema, required: false, example: { reason: "it was in a screenshot" } },
      answer: { ...key, status: "revoked", revokedAt: STARTED_AT, revokedBy: { kind: "key", id: "root" } },
    },
  ),
};
