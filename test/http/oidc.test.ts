import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT, type JWK } from "jose";
import { beforeAll, describe, expect, test } from "vitest";
import type { Deps } from "../../src/app/deps.ts";
import { agentsOf, grantsOfToken } from "../../src/app/keys/grants.ts";
import { parseConfig } from "../../src/contract/config.ts";
import { createTokenVerifier } from "../../src/oidc/jose-verifier.ts";
import { edgeApp, KEY } from "./edge-app.ts";

const NOW = Date.UTC(2026, 10, 22, 8);
const SECONDS = NOW / 1_000;
const issuer = "https://id.test/";
const audience = "ops-core";

interface Signer {
  readonly alg: string;
  readonly privateKey: Awaited<ReturnType<typeof generateKeyPair>>["privateKey"];
  readonly jwk: JWK;
}

const signers = new Map<string, Signer>();

beforeAll(async () => {
  for (const [kid, alg] of [
    ["one", "ES256"],
    ["two", "EdDSA"],
    ["three", "RS256"],
    ["four", "ES384"],
    ["stranger", "ES256"],
  ] as const) {
    const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
    signers.set(kid, { alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid } });
  }
});

const signer = (kid: string): Signer => signers.get(kid) ?? (undefined as never);
const keys = (...kids: readonly string[]) => ({ keys: kids.map((kid) => ({ ...signer(kid).jwk })) });
const known = () => keys("one", "two", "three", "four");

interface Claims {
  readonly [claim: string]: unknown;
}

const plain: Claims = { iss: issuer, aud: audience, sub: "ada", exp: SECONDS + 60, scope: "opscore:sessions:read" };

const sign = (claims: Claims = {}, kid = "one", header: object = {}): Promise<string> =>
  new SignJWT({ ...plain, ...claims })
    .setProtectedHeader({ alg: signer(kid).alg, kid, ...header })
    .sign(signer(kid).privateKey);

const verifier = () => createTokenVerifier({ issuer, audience, jwks: known() });

describe("a token of the identity provider", () => {
  test.each(["one", "two", "three"])("passes, signed with %s", async (kid) => {
    expect(await verifier().verify(await sign({}, kid), NOW)).toEqual({
      subject: "ada",
      gives: ["opscore:sessions:read"],
    });
  });

  const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

  test.each<[string, () => Promise<string> | string]>([
    ["with another issuer", () => sign({ iss: "https://id.test" })],
    ["without an issuer", () => sign({ iss: undefined })],
    ["for another audience", () => sign({ aud: "another" })],
    ["for nobody", () => sign({ aud: undefined })],
    ["that has expired", () => sign({ exp: SECONDS - 6 })],
    ["that never expires", () => sign({ exp: undefined })],
    ["that is not valid yet", () => sign({ nbf: SECONDS + 60 })],
    ["about nobody", () => sign({ sub: undefined })],
    ["about an empty name", () => sign({ sub: "" })],
    ["about a name without end", () => sign({ sub: "a".repeat(129) })],
    ["about a name with what is no text", () => sign({ sub: "ada\u0000" })],
    ["about a name of two lines", () => sign({ sub: "ada\nroot" })],
    ["about half a character", () => sign({ sub: "\ud800" })],
    ["by an algorithm that is not on the list", () => sign({}, "four")],
    ["by a stranger under a known name", () => sign({}, "stranger", { kid: "one" })],
    ["by a stranger", () => sign({}, "stranger")],
    ["by a stranger who brings the key along", () => sign({}, "stranger", { jwk: signer("stranger").jwk })],
    ["by a stranger who says where the key is", () => sign({}, "stranger", { jku: "https://evil.test/jwks" })],
    ["without a signature", () => new UnsecuredJWT({ ...plain }).encode()],
    ["whose signature was cut off", async () => (await sign()).replace(/[^.]*$/, "")],
    [
      "whose content was changed",
      async () => {
        const [head = "", , tail = ""] = (await sign()).split(".");
        return `${head}.${base64({ ...plain, scope: "opscore:admin" })}.${tail}`;
      },
    ],
    [
      "signed with the public key as the secret",
      () =>
        new SignJWT({ ...plain })
          .setProtectedHeader({ alg: "HS256", kid: "three" })
          .sign(new TextEncoder().encode(JSON.stringify(signer("three").jwk))),
    ],
    ["that is none", () => "a.b.c"],
  ])("%s does not pass", async (_, make) => {
    expect(await verifier().verify(await make(), NOW)).toBeNull();
  });

  test("says what it gives in any of three claims; only what is meant for us counts", async () => {
    const claims = {
      scope: "openid opscore:sessions:read",
      scp: ["opscore:agents:*"],
      roles: ["admin", "opscore:viewer", 7],
    };
    const found = await verifier().verify(await sign(claims), NOW);
    expect(found?.gives).toEqual(["openid", "opscore:sessions:read", "opscore:agents:*", "admin", "opscore:viewer"]);
    const grants = grantsOfToken(found?.gives ?? []);
    expect(agentsOf(grants, "workflows:read")).toBe("all");
    expect(agentsOf(grants, "agents:write")).toBe("all");
    expect([...agentsOf(grants, "keys:write")]).toEqual([]);
    expect(agentsOf(grantsOfToken(["opscore:admin"]), "keys:write")).toBe("all");
    expect([...agentsOf(grantsOfToken(["opscore:state:write:a", "opscore:", "opscore:root"]), "state:write")]).toEqual([
      "a",
    ]);
  });

  test("the keys come from the one URL of the configuration; without them 503, and no redirect is followed", async () => {
    const asked: string[] = [];
    const remote = (answer: () => Response) =>
      createTokenVerifier({ issuer, audience, jwks: "https://id.test/jwks" }, (url) => {
        asked.push(String(url));
        return Promise.resolve(answer());
      });
    const there = remote(() => Response.json(known()));
    for (let n = 0; n < 3; n += 1) expect((await there.verify(await sign(), NOW))?.subject).toBe("ada");
    expect(asked).toEqual(["https://id.test/jwks"]);
    for (const answer of [
      () => new Response("no", { status: 500 }),
      () => new Response(null, { status: 302, headers: { Location: "https://evil.test/" } }),
      () => Response.json({ no: "keys" }),
      () => {
        throw new TypeError("fetch failed");
      },
    ]) {
      await expect(remote(answer).verify(await sign(), NOW)).rejects.toMatchObject({ code: "not_configured" });
    }
  });
});

test("while its keys cannot be had they are asked for once in ten seconds, however many tokens come", async () => {
  let asked = 0;
  let isDown = true;
  const one = createTokenVerifier({ issuer, audience, jwks: "https://id.test/jwks" }, () => {
    asked += 1;
    return isDown ? Promise.reject(new TypeError("fetch failed")) : Promise.resolve(Response.json(known()));
  });
  const down = { code: "not_configured", retryAfterSeconds: 10 };
  for (const after of [0, 1, 9_999]) await expect(one.verify(await sign(), NOW + after)).rejects.toMatchObject(down);
  expect(asked).toBe(1);
  await expect(one.verify(await sign(), NOW + 10_000)).rejects.toMatchObject(down);
  expect(asked).toBe(2);
  isDown = false;
  expect((await one.verify(await sign(), NOW + 20_000))?.subject).toBe("ada");
  expect(asked).toBe(3);
  // Whoever comes with a key that is not among them does not have the set asked for again.
  expect(await one.verify(await sign({}, "stranger"), NOW + 20_001)).toBeNull();
  expect(asked).toBe(3);
});

describe("over HTTP", () => {
  const deps = { clock: { now: () => NOW } } as unknown as Deps;
  const ask = async (token: string, tokens = true) => {
    const auth = { apiKey: KEY, setup: "", ...(tokens ? { tokens: verifier() } : {}) };
    const { app, lines } = edgeApp(auth, deps);
    const answer = await app.request("/v1/list", { headers: { Authorization: `Bearer ${token}` } });
    return { status: answer.status, log: JSON.stringify(lines) };
  };

  test("a good token passes, a bad one is 401, and so is every one where no provider is set up", async () => {
    const token = await sign();
    expect((await ask(token)).status).toBe(200);
    expect((await ask(await sign({ aud: "another" }))).status).toBe(401);
    expect((await ask(token, false)).status).toBe(401);
    expect((await ask(`${"a".repeat(9_000)}.b.c`)).status).toBe(401);
    expect((await ask(token)).log).not.toContain(token.slice(-20));
  });
});

describe("its configuration", () => {
  const of = (env: Record<string, string>) => parseConfig(env, "node");
  const names = { OPSCORE_OIDC_ISSUER: issuer, OPSCORE_OIDC_AUDIENCE: audience };

  test("is one key set or one https URL", () => {
    const inline = of({ ...names, OPSCORE_OIDC_JWKS: JSON.stringify(known()) });
    expect(inline).toMatchObject({ ok: true, config: { oidc: { issuer, audience, jwks: known() } } });
    const url = "https://id.test/jwks";
    expect(of({ ...names, OPSCORE_OIDC_JWKS: url })).toMatchObject({ ok: true, config: { oidc: { jwks: url } } });
  });

  test("goes together, and never repeats what was given", () => {
    for (const bad of [
      "http://id.test/phrase",
      "https://user:phrase@id.test/",
      "phrase",
      "{phrase",
      '{"keys":[]}',
      '{"keys":[{"kty":"oct","k":"phrase"}]}',
      '{"keys":[{"kty":"RSA","d":"phrase"}]}',
    ]) {
      const result = of({ ...names, OPSCORE_OIDC_JWKS: bad });
      expect(result).toMatchObject({ ok: false, problems: [expect.stringMatching(/^OPSCORE_OIDC_JWKS: is no https/)] });
      expect(JSON.stringify(result)).not.toContain("phrase");
    }
    expect(of(names)).toMatchObject({ ok: false, problems: [expect.stringMatching(/^OPSCORE_OIDC_JWKS: is not set/)] });
    expect(of({ OPSCORE_OIDC_JWKS: "https://id.test/jwks" })).toMatchObject({ ok: false, problems: { length: 2 } });
  });
});
