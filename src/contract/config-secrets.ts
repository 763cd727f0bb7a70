import { echo } from "./json.ts";

/** What the names of secrets that definitions may refer to start with in the environment. */
export const SECRET_PREFIX = "OPSCORE_SECRET_";

/** Shorter ones could not be hidden in answers without hiding half of what is said there. */
const MIN_LENGTH = 6;
const MAX_LENGTH = 8_192;

/**
 * The secrets of the environment by their bare names. Values are trimmed, an empty one counts as absent; no problem
 * repeats one. A map, which is what `JSON.stringify` shows nothing of.
 */
export const readSecrets = (
  env: Readonly<Record<string, unknown>>,
): { readonly secrets: ReadonlyMap<string, string>; readonly problems: readonly string[] } => {
  const secrets = new Map<string, string>();
  const problems: string[] = [];
  for (const [key, given] of Object.entries(env)) {
    if (!key.startsWith(SECRET_PREFIX) || typeof given !== "string") continue;
    const value = given.trim();
    if (value === "") continue;
    const name = key.slice(SECRET_PREFIX.length);
    const fault = faultOf(name, value);
    if (fault === null) secrets.set(name, value);
    else problems.push(`${SECRET_PREFIX}${echo(name)}: ${fault}`);
  }
  return { secrets, problems };
};

const faultOf = (name: string, value: string): string | null => {
  if (!/^[A-Z][A-Z0-9_]{0,63}$/.test(name)) {
    return "is not a name of a secret, expected a letter and up to 63 of A-Z 0-9 _ after the prefix";
  }
  if (value.length < MIN_LENGTH) return `is too short to be kept out of what is shown, expected ${MIN_LENGTH} or more`;
  if (value.length > MAX_LENGTH) return `is longer than ${MAX_LENGTH} characters`;
  if (/\0|\p{Surrogate}/u.test(value)) return "has characters that are no text";
  return null;
};
