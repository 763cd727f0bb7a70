import * as z from "zod";
import { readOidc, type OidcConfig } from "./config-oidc.ts";
import { readSecrets } from "./config-secrets.ts";
import { agentkitUrlSchema, databaseUrlSchema, hostSchema, isLoopback, portSchema } from "./config-values.ts";
import { echo } from "./json.ts";

export type Platform = "node" | "workers";

/** The environment as the server understands it. Absent secrets are `null`. */
export interface Config {
  readonly platform: Platform;
  readonly port: number;
  readonly host: string;
  /** The Node listener is reachable from this machine only; never true on Workers. */
  readonly loopback: boolean;
  readonly databaseUrl: string;
  readonly databaseAuthToken: string | null;
  /** Node with a loopback listener: `null` asks the entry to generate one. Workers: `null` answers 503. */
  readonly apiKey: string | null;
  /**
   * What the HMACs of keys are made with: one, or two while rotating, the new one first. None, on Node with a loopback
   * listener: the entry generates one; elsewhere: creating keys is 503.
   */
  readonly keyPeppers: readonly string[];
  /** The second part of new keys. */
  readonly keyEnvironment: string;
  /** Requests of a key a minute; 0: any number. */
  readonly rateLimit: number;
  /** Wrong keys from an address a minute; 0: any number. */
  readonly failedAuthLimit: number;
  readonly oidc: OidcConfig | null;
  /** None, one, or two while rotating. */
  readonly webhookSecrets: readonly string[];
  readonly allowUnsignedWebhooks: boolean;
  /** Ends in `/v1`, without a trailing slash. */
  readonly agentkitApiUrl: string;
  readonly agentkitApiKey: string | null;
  readonly dispatch: "auto" | "agentkit" | "direct";
  readonly egress: "public" | "local";
  readonly logLevel: "debug" | "info" | "warn" | "error";
  /** What definitions may refer to, by bare name. */
  readonly secrets: ReadonlyMap<string, string>;
}

export type ConfigResult =
  { readonly ok: true; readonly config: Config } | { readonly ok: false; readonly problems: readonly string[] };

export const MIN_API_KEY_LENGTH = 16;

const MIN_PEPPER_LENGTH = 16;

const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, { error: (issue) => `${quote(issue.input)} is not one of: ${values.join(", ")}` });

// Secrets go into headers, and their messages never repeat them.
const secretSchema = z.string().regex(/^[\x21-\x7e]+$/, { error: "has characters other than visible ASCII" });

const oneOrTwo = z
  .string()
  .transform((text) => [...new Set(text.split(",").map((part) => part.trim()))])
  .refine((parts) => parts.length <= 2 && parts.every((part) => part !== ""), {
    error: "expected one secret, or two separated by a comma while rotating",
  });

const countSchema = z
  .string()
  .regex(/^[0-9]{1,9}$/, {
    error: (issue) => `"${echo(String(issue.input))}" is no number a minute, expected 0 (off) to 999999999`,
  })
  .transform(Number);

const schema = z.object({
  PORT: portSchema.default(8000),
  HOST: hostSchema.default("127.0.0.1"),
  DATABASE_URL: databaseUrlSchema.default("file:data/opscore.db"),
  DATABASE_AUTH_TOKEN: secretSchema.optional(),
  OPSCORE_API_KEY: secretSchema.optional(),
  OPSCORE_KEY_PEPPER: oneOrTwo
    .refine((parts) => parts.every((part) => part.length >= MIN_PEPPER_LENGTH), {
      error: `is too short, expected ${MIN_PEPPER_LENGTH} characters or more`,
    })
    .default([]),
  OPSCORE_KEY_ENV: z
    .string()
    .regex(/^[a-z0-9]{1,16}$/, { error: "is no name of an environment, expected 1 to 16 of a-z 0-9, such as live" })
    .default("live"),
  OPSCORE_OIDC_ISSUER: z.string().optional(),
  OPSCORE_OIDC_AUDIENCE: z.string().optional(),
  OPSCORE_OIDC_JWKS: z.string().optional(),
  OPSCORE_RATE_LIMIT: countSchema.default(1_000_000),
  OPSCORE_FAILED_AUTH_LIMIT: countSchema.default(60),
  OPSCORE_WEBHOOK_SECRET: oneOrTwo.default([]),
  OPSCORE_ALLOW_UNSIGNED_WEBHOOKS: oneOf(["true", "false"]).default("false"),
  AGENTKIT_API_URL: agentkitUrlSchema.default("http://127.0.0.1:8001/v1"),
  AGENTKIT_API_KEY: secretSchema.optional(),
  OPSCORE_DISPATCH: oneOf(["auto", "agentkit", "direct"]).default("auto"),
  OPSCORE_EGRESS: oneOf(["public", "local"]).optional(),
  LOG_LEVEL: oneOf(["debug", "info", "warn", "error"]).default("info"),
});

type Values = z.output<typeof schema>;
type Name = keyof Values;

/** Names this server reads, besides those of secrets; all others in the environment are ignored. */
export const configNames = Object.keys(schema.shape) as Name[];

/**
 * Reads the environment. Values are trimmed and an empty one counts as absent. All faults are told at once, one line
 * each: the name, what is wrong, what is expected; secrets are never repeated.
 */
export const parseConfig = (env: Readonly<Record<string, string | undefined>>, platform: Platform): ConfigResult => {
  const given: Record<string, string> = {};
  for (const name of configNames) {
    const value: unknown = env[name];
    if (typeof value === "string" && value.trim() !== "") given[name] = value.trim();
  }
  const { secrets, problems: secretProblems } = readSecrets(env);
  const { oidc, problems: oidcProblems } = readOidc(given);
  const others = [...secretProblems, ...oidcProblems];
  const problems: string[] = [];
  // On Workers an unusable key is answered call by call (503), not by a server that does not start.
  if (platform === "workers" && !isUsableKey(given["OPSCORE_API_KEY"])) delete given["OPSCORE_API_KEY"];

  const result = schema.safeParse(given);
  const bad = new Set<unknown>();
  for (const issue of result.error?.issues ?? []) {
    const name = String(issue.path[0]);
    if (!bad.has(name)) problems.push(`${name}: ${issue.message}`);
    bad.add(name);
  }
  const host = bad.has("HOST") ? undefined : (given["HOST"] ?? "127.0.0.1");
  // A bad HOST is told already; what depends on it is checked once it is right.
  if (platform === "workers" || host !== undefined) {
    const loopback = platform === "node" && isLoopback(host ?? "");
    problems.push(...listenerProblems(given, platform, loopback, bad));
    if (result.success && problems.length + others.length === 0) {
      return { ok: true, config: { ...configOf(result.data, platform, loopback), secrets, oidc } };
    }
  }
  return { ok: false, problems: [...problems, ...others] };
};

/** Whether a text can serve as the root key where the listener is reachable from elsewhere. */
export const isUsableKey = (text: string | undefined): boolean =>
  text !== undefined && text.length >= MIN_API_KEY_LENGTH && secretSchema.safeParse(text).success;

/** What is too open for a listener that others can reach. */
const listenerProblems = (
  given: Readonly<Record<string, string>>,
  platform: Platform,
  loopback: boolean,
  bad: ReadonlySet<unknown>,
): string[] => {
  const problems: string[] = [];
  const key = given["OPSCORE_API_KEY"];
  if (platform === "node" && !loopback && !bad.has("OPSCORE_API_KEY") && !isUsableKey(key)) {
    const fault = key === undefined ? "is not set" : "is too short";
    problems.push(
      `OPSCORE_API_KEY: ${fault}; a listener that other machines can reach (HOST is not loopback) needs a key of at ` +
        `least ${MIN_API_KEY_LENGTH} characters`,
    );
  }
  if (given["OPSCORE_ALLOW_UNSIGNED_WEBHOOKS"] === "true" && !loopback) {
    problems.push(
      "OPSCORE_ALLOW_UNSIGNED_WEBHOOKS: true is for a loopback listener only; set OPSCORE_WEBHOOK_SECRET instead",
    );
  }
  return problems;
};

const configOf = (values: Values, platform: Platform, loopback: boolean): Omit<Config, "secrets" | "oidc"> => ({
  platform,
  port: values.PORT,
  host: values.HOST,
  loopback,
  databaseUrl: values.DATABASE_URL,
  databaseAuthToken: values.DATABASE_AUTH_TOKEN ?? null,
  apiKey: values.OPSCORE_API_KEY ?? null,
  keyPeppers: values.OPSCORE_KEY_PEPPER,
  keyEnvironment: values.OPSCORE_KEY_ENV,
  rateLimit: values.OPSCORE_RATE_LIMIT,
  failedAuthLimit: values.OPSCORE_FAILED_AUTH_LIMIT,
  webhookSecrets: values.OPSCORE_WEBHOOK_SECRET,
  allowUnsignedWebhooks: values.OPSCORE_ALLOW_UNSIGNED_WEBHOOKS === "true",
  agentkitApiUrl: values.AGENTKIT_API_URL,
  agentkitApiKey: values.AGENTKIT_API_KEY ?? null,
  dispatch: values.OPSCORE_DISPATCH,
  egress: values.OPSCORE_EGRESS ?? (loopback ? "local" : "public"),
  logLevel: values.LOG_LEVEL,
});

const quote = (input: unknown): string => `"${echo(String(input))}"`;
