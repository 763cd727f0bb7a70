import type { Hono } from "hono";
import type { Deps } from "../../app/deps.ts";
import { createKey } from "../../app/keys/create-key.ts";
import type { KeySettings } from "../../app/keys/key-settings.ts";
import { listKeys, readKey } from "../../app/keys/read-keys.ts";
import { revokeKey } from "../../app/keys/revoke-key.ts";
import { rotateKey } from "../../app/keys/rotate-key.ts";
import { createKeySchema, revokeKeySchema, rotateKeySchema } from "../../contract/keys.ts";
import { operations } from "../../contract/operations/table.ts";
import { pageQuery } from "../../contract/pages.ts";
import { operatorCause, pathId, principalOf } from "../cause.ts";
import { pageAnswer, pageRequest } from "../cursor.ts";
import type { AppEnv } from "../env.ts";
import { keySecretToWire, keyToWire } from "../key-wire.ts";
import { keyed } from "../idempotency.ts";
import { bodyLimits, decodeJson, readBody } from "../middleware/body.ts";
import { noQuery, query } from "../middleware/query.ts";

const BASE = "/v1/opscore/keys";

/** API keys: made, looked at, rotated and revoked. */
export const keyRoutes = (app: Hono<AppEnv>, deps: Deps, settings: KeySettings): void => {
  const options = { maxBytes: bodyLimits.other };
  const now = (): number => deps.clock.now();

  app.post(BASE, noQuery, async (c) => {
    const bytes = await readBody(c, options);
    const { name, role = null, scopes = [], expiresIn = null } = decodeJson(bytes, createKeySchema);
    return keyed(c, { deps, bytes, shownOnce: operations[`POST ${BASE}`].shownOnce }, async (claim) => {
      const wish = { name, role, scopes, expiresIn };
      const cause = operatorCause(c, "CreateKey", "createKey");
      const made = await createKey(deps, settings, wish, principalOf(c), cause, claim);
      c.header("Location", `${BASE}/${made.record.id}`);
      return c.json(keySecretToWire(made, now()), 201);
    });
  });

  app.get(BASE, query(pageQuery), async (c) => {
    const page = await listKeys(deps, pageRequest(c.req.valid("query"), /^key_[0-9A-Z]{28}$/));
    return c.json(pageAnswer(page, (key) => keyToWire(key, now())));
  });

  app.get(`${BASE}/:keyId`, noQuery, async (c) => c.json(keyToWire(await readKey(deps, pathId(c, "keyId")), now())));

  app.post(`${BASE}/:keyId/rotate`, noQuery, async (c) => {
    const keyId = pathId(c, "keyId");
    const bytes = await readBody(c, options);
    const { overlap } = decodeJson(bytes, rotateKeySchema, {});
    return keyed(c, { deps, bytes, shownOnce: operations[`POST ${BASE}/{keyId}/rotate`].shownOnce }, async (claim) => {
      const cause = operatorCause(c, "RotateKey", "rotateKey");
      const made = await rotateKey(deps, settings, keyId, overlap, principalOf(c), cause, claim);
      return c.json(keySecretToWire(made, now()));
    });
  });

  app.post(`${BASE}/:keyId/revoke`, noQuery, async (c) => {
    const keyId = pathId(c, "keyId");
    const bytes = await readBody(c, options);
    const { reason = null } = decodeJson(bytes, revokeKeySchema, {});
    return keyed(c, { deps, bytes }, async () => {
      const cause = operatorCause(c, "RevokeKey", "revokeKey");
      return c.json(keyToWire(await revokeKey(deps, settings, keyId, reason, principalOf(c), cause), now()));
    });
  });
};
