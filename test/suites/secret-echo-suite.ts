import { describe, expect, test } from "vitest";
import type { CallOutcome, HttpTaskRequest } from "../../src/app/call-port.ts";
import { answering, callerOf, httpTask, secret, SECRETS } from "../support/task-calls.ts";
import type { Platform } from "../support/world.ts";

const raw = SECRETS.get("ODD") ?? "";
const json = { "content-type": "application/json" };

/** Whatever the other side does with a secret, it does not come back. */
export const secretEchoSuite = (platform: Platform): void => {
  const caller = callerOf(platform);
  const call = (path: string, options: Partial<HttpTaskRequest> = {}) => caller.http(httpTask(path, options));

  const hold = (outcome: CallOutcome): void => {
    const text = JSON.stringify(outcome);
    expect(text).toContain("***");
    for (const leak of ["hush", "quoted", "4711471100"]) expect(text).not.toContain(leak);
  };

  describe(`an echoed secret on ${platform.name}`, () => {
    const everywhere: Partial<HttpTaskRequest> = {
      method: "POST",
      headers: { Authorization: `Bearer ${secret("TOKEN")}`, "X-Pin": secret("PIN") },
      body: { text: `<${secret("ODD")}>`, [secret("TOKEN")]: 1 },
    };

    test.each(["/echo", "/echo-text", "/echo-400"])("P13: %s", async (path) => {
      hold(await call(`${path}?k=${secret("ODD")}&t=${secret("TOKEN")}`, everywhere));
    });

    test("P13: what a server says of its own accord is no different", async () => {
      const body = JSON.stringify({ "hush-token-0815": { pin: 4711471100, odd: [raw] }, ok: true, n: 1 });
      const outcome = await call(answering({ headers: { ...json, location: "/x?t=hush-token-0815" }, body }));
      expect(outcome).toEqual({
        kind: "answered",
        output: {
          status: 200,
          headers: { "content-type": "application/json", location: "/x?t=***" },
          body: { "***": { pin: "***", odd: ["***"] }, ok: true, n: 1 },
        },
      });
    });

    test.each([
      ["URL", encodeURIComponent(raw)],
      ["URL in lower case", encodeURIComponent(raw).replace(/%../g, (byte) => byte.toLowerCase())],
      ["form", new URLSearchParams({ a: raw }).toString()],
      ["JSON", JSON.stringify(raw)],
      ["JSON in JSON in JSON in JSON", [1, 2, 3, 4].reduce((text) => JSON.stringify({ text }), raw)],
    ])("P13: as a %s writes it", async (_, body) => {
      hold(await call(answering({ body })));
      hold(await call(answering({ status: 500, headers: json, body: JSON.stringify({ detail: body }) })));
    });

    test("P13: in the name of a host that a redirect names", async () => {
      hold(await call(answering({ status: 302, headers: { location: "https://hush-token-0815.example/" } })));
    });

    test("P13, P12: a long run of backslashes is looked through once", async () => {
      const secrets = new Map([["QUOTES", '\\"hush\\"\nhush']]);
      const caller = callerOf(platform, { secrets });
      const body = (end: string) => answering({ body: "\\".repeat(1_000), times: 100, end });
      hold(await caller.http(httpTask(body(JSON.stringify(JSON.stringify(secrets.get("QUOTES")))))));
    });

    test("P13: a secret inside another leaves nothing of it", async () => {
      const secrets = new Map([
        ["SHORT", "abcdef"],
        ["LONG", "abcdef-ghijkl"],
      ]);
      const outcome = await callerOf(platform, { secrets }).http(
        httpTask(answering({ body: "abcdef-ghijkl abcdef!" })),
      );
      expect(outcome).toMatchObject({ output: { body: "*** ***!" } });
    });
  });
};
