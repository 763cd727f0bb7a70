import type { JsonObject } from "../core/json.ts";

/** The right to do what was asked for under an Idempotency-Key: nobody else may, until it runs out. */
export interface Claim {
  /** The path and the key. */
  readonly key: string;
  /** Random; another one for whoever takes the claim over. */
  readonly nonce: string;
}

/** A claim with what came of an earlier one, whose holder died between its commit and its answer; `null`: nothing. */
export interface HeldClaim extends Claim {
  readonly effect: JsonObject | null;
}

/** An answer as it was given. Never holds a secret: what is shown once is left out. */
export interface Reply {
  readonly status: number;
  readonly location: string | null;
  readonly body: string;
}

export type Claimed =
  | { readonly kind: "held"; readonly claim: HeldClaim }
  | { readonly kind: "answered"; readonly reply: Reply }
  /** Somebody else holds the claim; `since` and `until`: epoch ms. */
  | { readonly kind: "in_flight"; readonly since: number; readonly until: number }
  /** The key came with another body before. */
  | { readonly kind: "reused" };

/** Answers under Idempotency-Keys. Every method is one round trip. */
export interface ReplyStore {
  /**
   * Takes the claim if the key is new, or has expired, or if its holder has not answered by `until`. One of several at
   * a moment gets it.
   */
  claimReply(query: {
    readonly key: string;
    readonly bodyHash: string;
    readonly nonce: string;
    /** Epoch ms. */
    readonly now: number;
    /** When the claim runs out, epoch ms. */
    readonly until: number;
  }): Promise<Claimed>;
  /** Keeps the answer, unless somebody else has taken the claim over. */
  completeReply(claim: Claim, reply: Reply): Promise<void>;
  /** Gives the claim up, so that the key is free again; but not once it had an effect. */
  releaseReply(claim: Claim): Promise<void>;
  /** Forgets at most `limit` keys that have expired. */
  purgeReplies(now: number, limit: number): Promise<void>;
}
