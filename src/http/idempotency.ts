import type { Context } from "hono";
import type { Deps } from "../app/deps.ts";
import { once } from "../app/once.ts";
import { OpsError } from "../app/ops-error.ts";
import type { HeldClaim, Reply } from "../app/reply-port.ts";
import { sha256 } from "../app/sha256.ts";
import { nameOf } from "../app/keys/principal.ts";
import { principalOf } from "./cause.ts";
import type { AppEnv } from "./env.ts";

/** Visible ASCII, as clients of other services already send it. */
const KEY = /^[\x21-\x7e]{1,255}$/;

/**
 * The Idempotency-Key of a request; `null` without one. It is its sender's: what two callers name alike are two keys, so
 * that nobody is given, or kept from, an answer by what another has chosen. A key has no space: none reads like another's.
 */
export const idempotencyKeyOf = (c: Context<AppEnv>): string | null => {
  const key = c.req.header("Idempotency-Key");
  if (key === undefined) return null;
  if (!KEY.test(key)) {
    throw new OpsError("invalid_header", "Idempotency-Key must be 1 to 255 visible ASCII characters");
  }
  const principal = principalOf(c);
  return principal.kind === "root" ? key : `${nameOf(principal)} ${key}`;
};

/** The Idempotency-Key of a request, as `idempotencyKeyOf` gives it, with a hash of path and body; `null` without one. */
export const idempotencyOf = async (
  c: Context<AppEnv>,
  body: Uint8Array<ArrayBuffer>,
): Promise<{ readonly key: string; readonly bodyHash: string } | null> => {
  const key = idempotencyKeyOf(c);
  if (key === null) return null;
  const prefix = new TextEncoder().encode(`${c.req.path}\n`);
  const text = new Uint8Array(prefix.length + body.length);
  text.set(prefix);
  text.set(body, prefix.length);
  return { key, bodyHash: await sha256(text) };
};

/** Marks an answer that was given before. */
export const markReplayed = (c: Context<AppEnv>, replayed: boolean): void => {
  if (replayed) c.header("Idempotency-Replayed", "true");
};

/** What is shown once is kept as `null`. */
const withoutSecrets = (body: string, shownOnce: readonly string[]): string => {
  if (shownOnce.length === 0) return body;
  const read = JSON.parse(body) as Record<string, unknown>;
  return JSON.stringify({ ...read, ...Object.fromEntries(shownOnce.map((member) => [member, null])) });
};

const replyOf =
  (shownOnce: readonly string[]) =>
  async (response: Response): Promise<Reply> => ({
    status: response.status,
    location: response.headers.get("Location"),
    body: withoutSecrets(await response.clone().text(), shownOnce),
  });

export interface Keyed {
  readonly deps: Deps;
  /** The body, byte by byte. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Tells the uses of one key on one path apart; default: there is one. */
  readonly place?: string;
  /** How long the work may take (ms); default: ten seconds. */
  readonly claimMs?: number;
  /** Members of the answer that no repeat gets, see `Operation`. */
  readonly shownOnce?: readonly string[];
}

/**
 * Does a request once under its `Idempotency-Key`, see `once`; without a key it is just done. A key belongs to the path
 * it came with, and to who asks. `work` gets the claim, for what is written in the same commit, and makes the answer; what
 * of it is secret is named in `shownOnce`, and such an answer is kept by nobody on its way.
 */
export const keyed = (
  c: Context<AppEnv>,
  options: Keyed,
  work: (claim: HeldClaim | null) => Promise<Response>,
): Promise<Response> => {
  if ((options.shownOnce ?? []).length > 0) c.header("Cache-Control", "no-store");
  return c.req.header("Idempotency-Key") === undefined ? work(null) : doneOnce(c, options, work);
};

const doneOnce = async (
  c: Context<AppEnv>,
  { deps, bytes, place = "", claimMs, shownOnce = [] }: Keyed,
  work: (claim: HeldClaim | null) => Promise<Response>,
): Promise<Response> => {
  const found = await idempotencyOf(c, bytes);
  if (found === null) return work(null);
  const done = await once(deps, {
    key: `${c.req.path}${place} ${found.key}`,
    bodyHash: found.bodyHash,
    ...(claimMs === undefined ? {} : { claimMs }),
    work,
    replyOf: replyOf(shownOnce),
  });
  if ("result" in done) return done.result;
  const { status, location, body } = done.replayed;
  markReplayed(c, true);
  if (location !== null) c.header("Location", location);
  c.header("Content-Type", "application/json");
  return c.body(body, status as 200);
};
