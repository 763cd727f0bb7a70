import { createLocalJWKSet, createRemoteJWKSet, customFetch, errors, jwtVerify, type JWTPayload } from "jose";
import { OpsError } from "../app/ops-error.ts";
import type { TokenVerifier } from "../app/token-port.ts";
import type { OidcConfig } from "../contract/config-oidc.ts";

/** Public keys only: with a symmetric algorithm whoever verifies could also sign. Never taken from the token. */
const ALGORITHMS = ["RS256", "ES256", "EdDSA"];

const SKEW_SECONDS = 5;
const FETCH_MS = 5_000;

/**
 * After a question for the keys none is asked for so long (ms), whatever came of it: while the provider is down anybody
 * with a text like a token could have it asked at will.
 */
const REST_MS = 10_000;

/** Who a token is about is written into logs and shown: no control characters, nothing that is no text. */
const SUBJECT = /^[^\p{C}]{1,128}$/u;

/** A claim that is a list, or a text of words with spaces between them. */
const wordsIn = (claim: unknown): readonly string[] => {
  if (typeof claim === "string") return claim.split(" ");
  return Array.isArray(claim) ? claim.filter((one): one is string => typeof one === "string") : [];
};

const verified = (payload: JWTPayload) => {
  const { sub, scope, scp, roles } = payload as JWTPayload & Readonly<Record<"scope" | "scp" | "roles", unknown>>;
  if (typeof sub !== "string" || !SUBJECT.test(sub)) return null;
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
    retryAfterSeconds: REST_MS / 1_000,
    hint: "See OPSCORE_OIDC_JWKS: it must be a key set, or an https URL that answers with one.",
  });

/**
 * Tokens of one issuer for one audience, by the keys of the configuration: inline, or from one URL, fetched at most once
 * in half a minute, or once in ten seconds while that fails. `sub` and `exp` are required. Made once a process or isolate.
 */
export const createTokenVerifier = (config: OidcConfig, fetchKeys: typeof fetch = fetch): TokenVerifier => {
  const { issuer, audience, jwks } = config;
  let [now, askedAt] = [0, -Infinity];
  const ask = (url: string, init: RequestInit): Promise<Response> => {
    if (now >= askedAt && now - askedAt < REST_MS) throw new Error("they were asked for just now");
    askedAt = now;
    return fetchKeys(url, init);
  };
  const keys =
    typeof jwks === "string"
      ? createRemoteJWKSet(new URL(jwks), {
          timeoutDuration: FETCH_MS,
          [customFetch]: (url, init) => ask(url, init as RequestInit),
        })
      : createLocalJWKSet({ keys: [...jwks.keys] });
  return {
    verify: async (token, at) => {
      now = at;
      try {
        const { payload } = await jwtVerify(token, keys, {
          algorithms: ALGORITHMS,
          issuer,
          audience,
          clockTolerance: SKEW_SECONDS,
          currentDate: new Date(at),
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
