import { OpsError } from "../ops-error.ts";
import type { KeyCache } from "./key-cache.ts";

/** What keys need besides the store. */
export interface KeySettings {
  /** The first makes MACs, all are tried; none: keys are neither made nor taken. */
  readonly peppers: readonly string[];
  /** The second part of a new key, such as `live`: tells whoever finds it what it opens. */
  readonly environment: string;
  /** The command or step that sets the pepper, told to whoever meets the 503. */
  readonly setup: string;
  readonly cache: KeyCache;
}

/** The pepper that new MACs are made with. Without one: 503 `not_configured`. */
export const requirePepper = ({ peppers, setup }: KeySettings): string => {
  const [pepper] = peppers;
  if (pepper !== undefined) return pepper;
  throw new OpsError("not_configured", "The server has no OPSCORE_KEY_PEPPER, and so no keys but the root key", {
    hint: setup,
  });
};
