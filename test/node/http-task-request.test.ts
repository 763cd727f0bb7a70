import { describe, expect, test } from "vitest";
import type { HttpTaskRequest } from "../../src/app/call-port.ts";
import type { HttpRequest } from "../../src/agentkit/http-call.ts";
import { callerOf, httpTask, secret, SECRETS } from "../support/task-calls.ts";
import { nodePlatform } from "../support/node-platform.ts";

/** What would be sent, or why nothing is. */
const prepared = async (options: Partial<HttpTaskRequest>, egress: "local" | "public" = "local") => {
  const sent: HttpRequest[] = [];
  const caller = callerOf(nodePlatform, {
    egress,
    call: (request) => {
      sent.push(request);
      return Promise.resolve({ kind: "unreachable", reason: "is not asked" });
    },
  });
  const outcome = await caller.http(httpTask("https://api.example.com/", options));
  return { outcome, sent: sent[0] };
};

const refusal = async (options: Partial<HttpTaskRequest>, egress: "local" | "public" = "local") => {
  const { outcome, sent } = await prepared(options, egress);
  expect(sent).toBeUndefined();
  expect(outcome).toMatchObject({ kind: "failed", retryable: false, retryAfterMs: null, sent: false });
  const { code, message } = outcome as { code: string; message: string };
  return `${code}: ${message}`;
};

const header = (name: string, value: string): Partial<HttpTaskRequest> => ({ headers: { [name]: value } });

describe("an http task that is not sent", () => {
  test.each([
    [{ method: "TRACE" }, "invalid_request: the method TRACE is none of GET, HEAD,"],
    [{ method: "GET /x HTTP/1.1\r\nHost: y" }, "invalid_request: the method GET /x HTTP/1.1 Host: y is none of"],
    [{ method: "" }, "invalid_request: the method"],
    [{ body: "x" }, "invalid_request: GET takes no body"],
    [{ method: "head", body: {} }, "invalid_request: HEAD takes no body"],
    [{ url: "" }, "invalid_request: the URL is a text that is not an absolute URL"],
    [{ url: "/path" }, "invalid_request: the URL is a text that is not an absolute URL"],
    [{ url: "ftp://x.example/" }, "invalid_request: the URL is scheme ftp (only http and https)"],
    [{ url: "file:///etc/passwd" }, "invalid_request: the URL is scheme file"],
    [{ url: "https://u:p@x.example/" }, "invalid_request: the URL is a URL with a user name or password"],
    [header("", "x"), 'invalid_request: "" is not the name of a header'],
    [header("a b", "x"), 'invalid_request: "a b" is not the name of a header'],
    [header("X\r\nY", "x"), 'invalid_request: "X Y" is not the name of a header'],
    [header("é", "x"), 'invalid_request: "é" is not the name of a header'],
    [header("x".repeat(129), "x"), `invalid_request: "${"x".repeat(63)}…" is not the name of a header`],
    [header("X-A", "a\r\nX-B: b"), "invalid_request: the header X-A has characters other than visible ASCII"],
    [header("X-A", "a\0b"), "invalid_request: the header X-A has characters"],
    [header("X-A", "é"), "invalid_request: the header X-A has characters"],
    [header("X-A", 1 as unknown as string), "invalid_request: the header X-A is no text"],
    [{ headers: { "X-A": "1", "x-a": "2" } }, "invalid_request: the header x-a is there twice"],
    [header("X-A", "a".repeat(16_385)), "invalid_request: headers of more than 16384 characters"],
    [
      { headers: Object.fromEntries(Array.from({ length: 65 }, (_, n) => [`x-${n}`, ""])) },
      "invalid_request: more than 64 headers",
    ],
  ] as const)("%o", async (options, expected) => {
    expect(await refusal(options)).toContain(expected);
  });

  test.each([
    "Host", "content-length", "Connection", "Keep-Alive", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "Expect",
    "Proxy-Authorization", "Proxy-Connection", "Accept-Encoding",
  ])("the header %s is not the author's", async (name) => {
    expect(await refusal(header(name, "x"))).toBe(`invalid_request: the header ${name} is not for definitions to set`);
  }); // prettier-ignore

  test.each([
    ["http://127.0.0.1:8000/", "loopback address 127.0.0.1"],
    ["http://2852039166/latest", "metadata address 169.254.169.254"],
    ["http://10.1.2.3/", "private address 10.1.2.3"],
    ["http://[fd00::1]/", "unique-local address fd00::1"],
    ["http://redis:6379/", "local name redis"],
  ])("the public policy refuses %s", async (url, named) => {
    expect(await refusal({ url }, "public")).toBe(`refused_address: egress policy refuses ${named}`);
    expect((await prepared({ url })).sent?.url).toBe(new URL(url).href);
  });
});

describe("the secrets of an http task", () => {
  const raw = SECRETS.get("ODD") ?? "";

  test("are filled in wherever the author put them", async () => {
    const { sent } = await prepared({
      method: "POST",
      url: `https://api.example.com/${secret("ODD")}?key=${secret("ODD")}&x=1`,
      headers: { Authorization: `Bearer ${secret("TOKEN")}` },
      body: { [secret("TOKEN")]: [`<${secret("ODD")}>`, 1, null] },
    });
    const { pathname, searchParams } = new URL(sent?.url ?? "");
    expect([decodeURIComponent(pathname), searchParams.get("key"), searchParams.get("x")]).toEqual([
      `/${raw}`,
      raw,
      "1",
    ]);
    expect(sent?.headers["authorization"]).toBe("Bearer hush-token-0815");
    expect(JSON.parse(sent?.body ?? "")).toEqual({ "hush-token-0815": [`<${raw}>`, 1, null] });
    expect((await prepared({ method: "PUT", body: `a=${secret("ODD")}` })).sent?.body).toBe(`a=${raw}`);
  });

  test("a URL may be one from its start", async () => {
    const secrets = new Map([["HOOK", "https://hooks.example.com/T1/B2?x=1&y=2"]]);
    const seen: string[] = [];
    const call = ({ url }: HttpRequest) => (seen.push(url), Promise.resolve({ kind: "silence", reason: "-" } as const));
    const outcome = await callerOf(nodePlatform, { secrets, call }).http(httpTask(`${secret("HOOK")}&z=3`));
    expect(seen).toEqual(["https://hooks.example.com/T1/B2?x=1&y=2&z=3"]);
    expect(outcome).toMatchObject({ message: "${secrets.HOOK}&z=3 -" });
  });

  test("one that is missing stops the call, and is named", async () => {
    for (const at of [
      { url: `https://${secret("NONE")}/` },
      header("X-A", secret("NONE")),
      { method: "POST", body: { a: [secret("NONE")] } },
    ]) {
      expect(await refusal(at)).toBe("secret_missing: no secret NONE is configured (OPSCORE_SECRET_NONE)");
    }
  });

  test("cannot make a header or an address of their own, and are not shown when they try", async () => {
    const secrets = new Map([["LINES", "hush-line\r\nX-Evil: 1"]]);
    const caller = callerOf(nodePlatform, {
      secrets,
      egress: "public",
      call: () => Promise.reject(new Error("called")),
    });
    const outcome = await caller.http(httpTask("https://x.example/", { headers: { "X-A": secret("LINES") } }));
    expect(outcome).toMatchObject({ code: "invalid_request", message: expect.stringContaining("X-A has characters") });
    const long = new Map([["HOST", `http://${"hush-".repeat(40)}internal`]]);
    const refused = await callerOf(nodePlatform, { secrets: long, egress: "public" }).http(httpTask(secret("HOST")));
    expect(refused).toMatchObject({
      code: "refused_address",
      message: "egress policy refuses local name (${secrets.HOST})",
    });
    const bad = await callerOf(nodePlatform, { secrets: new Map([["HOST", "hush://x"]]) }).http(
      httpTask(secret("HOST")),
    );
    expect(bad).toMatchObject({ code: "invalid_request", message: "the URL is none that can be called" });
    expect(await refusal({ url: `http://${secret("HOST")}/` }, "public")).toBe(
      "refused_address: egress policy refuses private address (http://${secrets.HOST})",
    );
  });

  test("many in one request are bounded", async () => {
    const secrets = new Map([["LONG", "x".repeat(8_192)]]);
    const body = { a: secret("LONG").repeat(100), b: secret("LONG").repeat(100) };
    const caller = callerOf(nodePlatform, { secrets, call: () => Promise.reject(new Error("called")) });
    const outcome = await caller.http(httpTask("https://x.example/", { method: "POST", body }));
    expect(outcome).toMatchObject({ code: "invalid_request", message: expect.stringContaining("1 MiB") });
  });
});

test("a timeout beyond what a timer can wait is the longest that it can", async () => {
  const { sent } = await prepared({ timeoutMs: 365 * 86_400_000 });
  expect(sent?.timeoutMs).toBe(2_147_483_647);
});
