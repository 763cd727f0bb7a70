import * as z from "zod";

/** Whose tokens are taken, for whom, and by which keys: an https URL, or the set itself. */
export interface OidcConfig {
  readonly issuer: string;
  readonly audience: string;
  readonly jwks: string | { readonly keys: readonly Readonly<Record<string, unknown>>[] };
}

const NAMES = ["OPSCORE_OIDC_ISSUER", "OPSCORE_OIDC_AUDIENCE", "OPSCORE_OIDC_JWKS"] as const;

const keySet = z.looseObject({
  keys: z
    .array(z.looseObject({ kty: z.enum(["RSA", "EC", "OKP"]) }))
    .min(1)
    .max(50),
});

const readSet = (text: string): OidcConfig["jwks"] | null => {
  if (!text.startsWith("{")) {
    const url = URL.parse(text);
    return url?.protocol === "https:" && url.username === "" && url.password === "" ? text : null;
  }
  try {
    const { data } = keySet.safeParse(JSON.parse(text));
    // A private key has no business here, and a symmetric one would let its readers sign.
    return data === undefined || data.keys.some((key) => "d" in key || "k" in key) ? null : data;
  } catch {
    return null;
  }
};

/** The identity provider of the environment: all three names or none. No problem repeats what was given. */
export const readOidc = (
  env: Readonly<Record<string, unknown>>,
): { readonly oidc: OidcConfig | null; readonly problems: readonly string[] } => {
  const [issuer, audience, set] = NAMES.map((name) => {
    const value = env[name];
    return typeof value === "string" ? value.trim() : "";
  }) as [string, string, string];
  if (issuer === "" && audience === "" && set === "") return { oidc: null, problems: [] };
  const problems = NAMES.filter((_, at) => [issuer, audience, set][at] === "").map(
    (name) => `${name}: is not set; ${NAMES.join(", ")} go together`,
  );
  const jwks = set === "" ? null : readSet(set);
  if (set !== "" && jwks === null) {
    problems.push('OPSCORE_OIDC_JWKS: is no https URL and no set of public keys, expected {"keys": […]} or https://…');
  }
  return problems.length > 0 || jwks === null
    ? { oidc: null, problems }
    : { oidc: { issuer, audience, jwks }, problems };
};
