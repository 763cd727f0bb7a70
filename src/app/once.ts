import { randomHex, type Deps } from "./deps.ts";
import { OpsError } from "./ops-error.ts";
import { describeFailure } from "./publish.ts";
import type { Claim, HeldClaim, Reply } from "./reply-port.ts";

/** A claim whose holder has not answered after so long (ms) is anybody's who repeats the request. */
export const CLAIM_MS = 10_000;

/** A holder that is alive answers sooner; a repeat that comes so early (ms) is told to come again at once. */
const SOON_MS = 2_000;

export interface Once<T> {
  /** The path and the key. */
  readonly key: string;
  /** Of path and body. */
  readonly bodyHash: string;
  /** How long it may take (ms); after that a repeat takes over. */
  readonly claimMs?: number;
  /** Does what was asked for. With an `effect` that was done already, by a holder that died: only the answer is left. */
  readonly work: (claim: HeldClaim) => Promise<T>;
  readonly replyOf: (result: T) => Promise<Reply>;
}

const inFlight = (ageMs: number, restMs: number): OpsError =>
  new OpsError("request_in_flight", "The same request, under this Idempotency-Key, is being processed.", {
    retryAfterSeconds: ageMs < SOON_MS ? 1 : Math.ceil(restMs / 1_000),
  });

/** What was done is done: who cannot keep the answer gives it all the same, and a repeat finds what was done. */
const keep = async (deps: Deps, claim: Claim, reply: Reply): Promise<void> => {
  try {
    await deps.store.completeReply(claim, reply);
  } catch (error) {
    deps.log.log("warn", "an answer could not be kept under its key", { error: describeFailure(error) });
  }
};

/** The key stays usable after a refusal, and after trouble as soon as the store is back. */
const release = async (deps: Deps, claim: Claim): Promise<void> => {
  try {
    await deps.store.releaseReply(claim);
  } catch (error) {
    deps.log.log("warn", "a claim could not be given up; it runs out", { error: describeFailure(error) });
  }
};

/**
 * Does a request under its Idempotency-Key once: a repeat within seven days gets the answer of the first, another body
 * is 422 `idempotency_key_reused`, a copy that comes meanwhile 409 `request_in_flight`. A refusal uses up no key. Whoever
 * dies on the way leaves a claim that runs out: then the repeat does it, or finds by `effect` that it was done.
 */
export const once = async <T>(
  deps: Deps,
  { key, bodyHash, claimMs = CLAIM_MS, work, replyOf }: Once<T>,
): Promise<{ readonly result: T } | { readonly replayed: Reply }> => {
  const now = deps.clock.now();
  const nonce = randomHex(deps.entropy, 16);
  const claimed = await deps.store.claimReply({ key, bodyHash, nonce, now, until: now + claimMs });
  switch (claimed.kind) {
    case "reused":
      throw new OpsError("idempotency_key_reused", "This Idempotency-Key was used with another request body.");
    case "in_flight":
      throw inFlight(now - claimed.since, claimed.until - now);
    case "answered":
      return { replayed: claimed.reply };
    case "held":
  }
  const { claim } = claimed;
  let result: T;
  try {
    result = await work(claim);
  } catch (error) {
    await release(deps, claim);
    throw error;
  }
  await keep(deps, claim, await replyOf(result));
  return { result };
};
