import { createLocalJWKSet, createRemoteJWKSet, customFetch, errors, jwtVerify, type JWTPayload } from "jose";
import { OpsError } from "../app/ops-error.ts";
import type { TokenVerifier } from "../app/token-port.ts";
import type { OidcConfig } from "../contract/config-oidc.ts";

/** Public keys only: with a symmetric algorithm whoever verifies could also sign. Never taken from the token. */
const ALGORITHMS = ["RS256", "ES256", "EdDSA"];

const SKEW_SECONDS = 5;
const FETCH_MS = 5_000;
const MAX_SUBJECT = 128;

/** A claim that is a list, or a text of words with spaces between them. */
const wordsIn = (claim: unknown): readonly string[] => {
  if (typeof claim === "string") return claim.split(" ");
  return Array.isArray(claim) ? claim.filter((one): one is string => typeof one === "string") : [];
};

const verified = (payload: JWTPayload) => {
  const { sub, scope, scp, roles } = payload as JWTPayload & Readonly<Record<"scope" | "scp" | "roles", unknown>>;
  if (typeof sub !== "string" || sub === "" || sub.length > MAX_SUBJECT) return null;
  return { subject: sub, gives: [scope, scp, roles].flatMap(wordsIn) };
};

/** The token's own fault, and not that of whoever has the keys. */
const isRefusal = (error: unknown): boolean =>
  error instanceof errors.JOSEError &&
  !(error instanceof errors.JWKSTimeout) &&
  !(error instanceof errors.JWKSInvalid) &&
  error.code !== "ERR_JOSE_GENERIC";

const unreadable = (cause: unknown): OpsError =>
  new OpsError("not_configured", "The keys of the identity provider cannot be read", {
    cause,
    hint: "See OPSCORE_OIDC_JWKS: it must be a key set, or an https URL that answers with one.",
  });

/**
 * Tokens of one issuer for one audience, by the keys of the configuration: inline, or from one URL, fetched at most once
 * in half a minute. `sub` and `exp` are required. Made once a process or isolate.
 */
export const createTokenVerifier = (config: OidcConfig, fetchKeys: typeof fetch = fetch): TokenVerifier => {
  const { issuer, audience, jwks } = config;
  const keys =
    typeof jwks === "string"
      ? createRemoteJWKSet(new URL(jwks), {
          timeoutDuration: FETCH_MS,
          [customFetch]: (url, init) => fetchKeys(url, init as RequestInit),
        })
      : createLocalJWKSet({ keys: [...jwks.keys] });
  return {
    verify: async (token, now) => {
      try {
        const { payload } = await jwtVerify(token, keys, {
          algorithms: ALGORITHMS,
          issuer,
          audience,
          clockTolerance: SKEW_SECONDS,
          currentDate: new Date(now),
          requiredClaims: ["exp", "sub"],
        });
        return verified(payload);
      } catch (error) {
        if (isRefusal(error)) return null;
        throw unreadable(error);
      }
    },
  };
};
