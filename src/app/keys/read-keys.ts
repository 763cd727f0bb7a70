import type { Deps } from "../deps.ts";
import type { KeyRecord } from "../key-port.ts";
import { pageOf, type Page } from "../read-session.ts";
import { keyNotFound } from "./change-key.ts";

/** One key, revoked and expired ones too. */
export const readKey = async (deps: Deps, keyId: string): Promise<KeyRecord> => {
  const record = await deps.store.loadKey(keyId);
  if (record === null) throw keyNotFound(keyId);
  return record;
};

/** All keys, newest first. */
export const listKeys = async (
  deps: Deps,
  { after, limit }: { readonly after: string | null; readonly limit: number },
): Promise<Page<KeyRecord>> => pageOf(await deps.store.listKeys({ after, limit: limit + 1 }), limit, ({ id }) => id);
