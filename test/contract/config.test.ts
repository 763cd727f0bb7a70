import { describe, expect, it } from "vitest";
import { parseConfig, type Config, type Platform } from "../../src/contract/config.ts";

const KEY = "k".repeat(16);
type Env = Record<string, string | undefined>;

const config = (env: Env, platform: Platform = "node"): Config => {
  const result = parseConfig(env, platform);
  if (!result.ok) throw new Error(result.problems.join("\n"));
  return result.config;
};
const problems = (env: Env, platform: Platform = "node"): readonly string[] => {
  const result = parseConfig(env, platform);
  return result.ok ? [] : result.problems;
};

describe("configuration", () => {
  it("has a default for everything on a loopback listener", () => {
    expect(config({ PATH: "/bin", OPSCORE_EGRESS: "  ", PORT: "" })).toEqual({
      platform: "node",
      port: 8000,
      host: "127.0.0.1",
      loopback: true,
      databaseUrl: "file:data/opscore.db",
      databaseAuthToken: null,
      apiKey: null,
      keyPeppers: [],
      keyEnvironment: "live",
      rateLimit: 1_000_000,
      failedAuthLimit: 60,
      oidc: null,
      webhookSecrets: [],
      allowUnsignedWebhooks: false,
      agentkitApiUrl: "http://127.0.0.1:8001/v1",
      agentkitApiKey: null,
      dispatch: "auto",
      egress: "local",
      logLevel: "info",
      secrets: new Map(),
    });
  });

  it.each(["127.0.0.1", "127.8.9.10", "localhost", "LOCALHOST", "::1", "[::1]", "::ffff:127.0.0.1"])(
    "knows %s as loopback",
    (HOST) => {
      expect(config({ HOST, OPSCORE_ALLOW_UNSIGNED_WEBHOOKS: "true" })).toMatchObject({
        loopback: true,
        egress: "local",
      });
    },
  );

  it.each(["0.0.0.0", "::", "10.0.0.1", "127.0.0.1.example.com", "127.0.0.256", "localhost.example.com", "128.0.0.1"])(
    "does not take %s for loopback",
    (HOST) => {
      expect(config({ HOST, OPSCORE_API_KEY: KEY })).toMatchObject({ loopback: false, egress: "public" });
      expect(config({ HOST, OPSCORE_API_KEY: KEY, OPSCORE_EGRESS: "local" }).egress).toBe("local");
      expect(problems({ HOST })).toEqual([expect.stringMatching(/^OPSCORE_API_KEY: is not set.*at least 16/)]);
      expect(problems({ HOST, OPSCORE_API_KEY: "k".repeat(15) })).toEqual([
        expect.stringMatching(/^OPSCORE_API_KEY: is too short/),
      ]);
      expect(problems({ HOST, OPSCORE_API_KEY: KEY, OPSCORE_ALLOW_UNSIGNED_WEBHOOKS: "true" })).toEqual([
        expect.stringMatching(/^OPSCORE_ALLOW_UNSIGNED_WEBHOOKS: .*loopback/),
      ]);
    },
  );

  it("lets a loopback listener have a short key", () => {
    expect(config({ OPSCORE_API_KEY: "test-api-key" }).apiKey).toBe("test-api-key");
  });

  it("starts on Workers without a usable key, with public egress", () => {
    for (const OPSCORE_API_KEY of [undefined, "", "short", "has spaces but is long"]) {
      expect(config({ OPSCORE_API_KEY }, "workers")).toMatchObject({ apiKey: null, loopback: false, egress: "public" });
    }
    expect(config({ OPSCORE_API_KEY: KEY, OPSCORE_EGRESS: "local" }, "workers")).toMatchObject({
      apiKey: KEY,
      egress: "local",
    });
    expect(problems({ OPSCORE_ALLOW_UNSIGNED_WEBHOOKS: "true" }, "workers")).toHaveLength(1);
  });

  it("ignores bindings that are no text", () => {
    expect(config({ LOG_LEVEL: {} as unknown as string, DB: {} as unknown as string }, "workers").logLevel).toBe(
      "info",
    );
  });

  it.each([
    ["http://127.0.0.1:8001", "http://127.0.0.1:8001/v1"],
    ["http://127.0.0.1:8001/v1/", "http://127.0.0.1:8001/v1"],
    ["https://kit.example.com///", "https://kit.example.com/v1"],
    ["https://kit.example.com/base/v1", "https://kit.example.com/base/v1"],
    ["https://kit.example.com/v10", "https://kit.example.com/v10/v1"],
  ])("normalises AgentKit's base %s", (AGENTKIT_API_URL, expected) => {
    expect(config({ AGENTKIT_API_URL }).agentkitApiUrl).toBe(expected);
  });

  it("takes one webhook secret, or two while rotating", () => {
    const secrets = (OPSCORE_WEBHOOK_SECRET: string) => config({ OPSCORE_WEBHOOK_SECRET }).webhookSecrets;
    expect(secrets("one")).toEqual(["one"]);
    expect(secrets(" new , old\n")).toEqual(["new", "old"]);
    expect(secrets("same,same")).toEqual(["same"]);
    for (const text of ["a,b,c", "a,", ",", ",a"]) {
      expect(problems({ OPSCORE_WEBHOOK_SECRET: text })).toEqual([
        expect.stringMatching(/^OPSCORE_WEBHOOK_SECRET: expected one/),
      ]);
    }
  });

  it("takes one pepper for keys, or two while rotating, and a word for their environment", () => {
    const pepper = "p".repeat(16);
    expect(config({ OPSCORE_KEY_PEPPER: pepper, OPSCORE_KEY_ENV: "prod1" })).toMatchObject({
      keyPeppers: [pepper],
      keyEnvironment: "prod1",
    });
    expect(config({ OPSCORE_KEY_PEPPER: ` ${pepper}2 , ${pepper}\n` }).keyPeppers).toEqual([`${pepper}2`, pepper]);
    for (const text of ["kurz", `${pepper},kurz`, `${pepper},${pepper}2,${pepper}3`]) {
      const [problem = ""] = problems({ OPSCORE_KEY_PEPPER: text });
      expect(problem).toMatch(/^OPSCORE_KEY_PEPPER: (is too short|expected one)/);
      expect(problem).not.toContain(text);
    }
    for (const text of ["Live", "a_b", "a".repeat(17)]) {
      expect(problems({ OPSCORE_KEY_ENV: text })).toEqual([expect.stringMatching(/^OPSCORE_KEY_ENV: is no name/)]);
    }
  });

  it("reads secrets by their prefix, on Workers beside bindings", () => {
    const env = {
      OPSCORE_SECRET_TOKEN: "  the token\n",
      OPSCORE_SECRET_A1_: "sixsix",
      OPSCORE_SECRET_EMPTY: " ",
      OPSCORE_SECRET_BINDING: {} as unknown as string,
      OPSCORE_SECRETS: "none of these",
    };
    for (const platform of ["node", "workers"] as const) {
      const { secrets } = config(env, platform);
      expect([...secrets]).toEqual([
        ["TOKEN", "the token"],
        ["A1_", "sixsix"],
      ]);
      expect(JSON.stringify(config(env, platform))).not.toContain("the token");
    }
  });

  it("says what is wrong with secrets, all at once and with all else, and repeats none", () => {
    const bad = {
      OPSCORE_SECRET_: "phrase phrase",
      OPSCORE_SECRET_lower: "phrase phrase",
      OPSCORE_SECRET_1ST: "phrase phrase",
      [`OPSCORE_SECRET_A${"B".repeat(64)}`]: "phrase phrase",
      OPSCORE_SECRET_SHORT: "phras",
      OPSCORE_SECRET_LONG: "phrase".repeat(2_000),
      OPSCORE_SECRET_NUL: "phrase\0phrase",
    };
    const found = problems({ ...bad, PORT: "x" });
    const faultOf = (text: string): unknown => expect.stringContaining(text);
    expect(found).toEqual([
      faultOf("PORT: "),
      ...["_: ", "_lower: ", "_1ST: ", "BBB...: "].map((name) => faultOf(`${name}is not a name of a secret`)),
      faultOf("_SHORT: is too short"),
      faultOf("_LONG: is longer than 8192"),
      faultOf("_NUL: has characters"),
    ]);
    expect(found.join("\n")).not.toContain("phras");
  });

  it.each([
    ["PORT", "65536"],
    ["PORT", "-1"],
    ["PORT", "8000.5"],
    ["PORT", "http"],
    ["HOST", "http://x"],
    ["HOST", "a b"],
    ["DATABASE_URL", "postgres://x"],
    ["DATABASE_URL", "file:"],
    ["DATABASE_URL", "data.db"],
    ["DATABASE_URL", ":memory:"],
    ["DATABASE_URL", "file:x.db?tls=0"],
    ["DATABASE_URL", "file:x.db?mode=ro"],
    ["DATABASE_URL", "file://localhost/tmp/x.db"],
    ["DATABASE_URL", "file://x.db"],
    ["DATABASE_URL", "file::memory:"],
    ["DATABASE_URL", "https://user@h"],
    ["DATABASE_AUTH_TOKEN", "a b"],
    ["OPSCORE_API_KEY", "geheimnis-ä-geheimnis"],
    ["OPSCORE_ALLOW_UNSIGNED_WEBHOOKS", "yes"],
    ["AGENTKIT_API_URL", "ftp://x"],
    ["AGENTKIT_API_URL", "localhost:8001"],
    ["AGENTKIT_API_URL", "http://user:pw@x"],
    ["AGENTKIT_API_URL", "http://x/?a=1"],
    ["AGENTKIT_API_KEY", "a\nb"],
    ["OPSCORE_DISPATCH", "AUTO"],
    ["OPSCORE_EGRESS", "all"],
    ["LOG_LEVEL", "trace"],
  ])("refuses %s=%s with one message", (name, value) => {
    expect(problems({ [name]: value })).toEqual([expect.stringMatching(new RegExp(`^${name}: .+`))]);
  });

  it.each(["file:x.db", "file:/tmp/x.db", "file:///tmp/x.db", "file:50%20 #1.db", "libsql://h", "https://h/?tls=0"])(
    "takes the database %s",
    (DATABASE_URL) => {
      expect(config({ DATABASE_URL }).databaseUrl).toBe(DATABASE_URL);
    },
  );

  it.each([
    ["file:x.db?tls=0&authToken=phrase", /^DATABASE_URL: has a "\?": a file takes no options/],
    ["file://phrase@localhost/x.db", /^DATABASE_URL: names a host .* file:\/\/\/<path from the root>$/],
    ["file::memory:", /^DATABASE_URL: is in memory and would be lost/],
    ["file:", /^DATABASE_URL: names no file/],
    ["libsql://u:phrase@h", /^DATABASE_URL: names a user or password, expected DATABASE_AUTH_TOKEN$/],
  ])("says why %s is no database, without repeating it", (DATABASE_URL, expected) => {
    const [problem = ""] = problems({ DATABASE_URL });
    expect(problem).toMatch(expected);
    expect(problem).not.toContain("phrase");
  });

  it("tells all faults at once", () => {
    const names = problems({ PORT: "x", LOG_LEVEL: "x", OPSCORE_ALLOW_UNSIGNED_WEBHOOKS: "true", HOST: "0.0.0.0" }).map(
      (text) => text.split(":")[0],
    );
    expect(names).toEqual(["PORT", "LOG_LEVEL", "OPSCORE_API_KEY", "OPSCORE_ALLOW_UNSIGNED_WEBHOOKS"]);
  });

  it("never repeats a secret", () => {
    const secret = "pass phrase ä";
    const text = problems({
      HOST: "0.0.0.0",
      OPSCORE_API_KEY: secret,
      AGENTKIT_API_KEY: secret,
      DATABASE_AUTH_TOKEN: secret,
      OPSCORE_WEBHOOK_SECRET: `${secret},,`,
      DATABASE_URL: `http://x?authToken=${secret}`,
      AGENTKIT_API_URL: `http://u:${secret}@x`,
    });
    expect(text).toHaveLength(6);
    expect(text.join("\n")).not.toContain("phrase");
  });
});
