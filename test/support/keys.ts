import { createApp } from "../../src/http/app.ts";
import { createKeyCache } from "../../src/app/keys/key-cache.ts";
import { call, read, type Json, type Reply } from "./api.ts";
import { checkedRequest } from "./checked-app.ts";
import { API_KEY, KEYS, type World } from "./world.ts";

export const BASE = "/v1/opscore/keys";

export interface Made {
  readonly keyId: string;
  readonly key: string;
  readonly reply: Reply;
}

/** A key of the world, made by the root key or by another. */
export const makeKey = async (world: World, body: Json, by: string = API_KEY): Promise<Made> => {
  const reply = await withKey(world, by, "POST", BASE, { name: "a key", ...body });
  return { keyId: String(reply.body["keyId"]), key: String(reply.body["key"]), reply };
};

/** A request with that key. */
export const withKey = (world: World, key: string, method: string, path: string, body?: unknown): Promise<Reply> =>
  call(world, method, path, body, { Authorization: `Bearer ${key}` });

/** Another process or isolate over the same database, which remembers nothing; with its own peppers if it is given them. */
export const elsewhere = (world: World, peppers: readonly string[] = KEYS.peppers) => {
  const app = createApp(world.deps, {
    auth: { apiKey: API_KEY, setup: "set the key", keys: { ...KEYS, peppers, cache: createKeyCache() } },
    webhook: { secrets: [], allowUnsigned: true },
    accepting: () => true,
  });
  return (key: string, method: string, path: string, body?: unknown): Promise<Reply> => {
    const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json" };
    const init = body === undefined ? { method, headers } : { method, headers, body: JSON.stringify(body) };
    return read(checkedRequest(app, path, init));
  };
};
