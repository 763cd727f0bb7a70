/** What a token of the identity provider says, once its signature and its claims were checked. */
export interface VerifiedToken {
  /** Who it is about. */
  readonly subject: string;
  /** What it gives: scopes and roles as its issuer wrote them. */
  readonly gives: readonly string[];
}

/** Checks tokens. `now`: epoch ms. `null`: it does not pass. Throws `OpsError` 503 where the keys cannot be had. */
export interface TokenVerifier {
  verify(token: string, now: number): Promise<VerifiedToken | null>;
}
