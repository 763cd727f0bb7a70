import { describe, expect, test } from "vitest";
import { createOpsCore, OpsCoreError, type ClientOptions, type Fetch } from "../../src/sdk/index.ts";
import { delayMs, parseRetryAfter } from "../../src/sdk/retry.ts";
import { platformSeams } from "../../src/sdk/seams.ts";

const KEY = "a-key-that-nobody-may-see";
const TIMEOUT_MS = 30_000;
const NOW = Date.UTC(2026, 10, 22);

interface Seen {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** A client whose `fetch` gives these answers, the last one for ever; what it asked and how long it waited. */
const scripted = (answers: readonly (() => Response | Promise<Response>)[], options: Partial<ClientOptions> = {}) => {
  const seen: Seen[] = [];
  const waits: number[] = [];
  const fetch: Fetch = (url, { method = "", headers, body }) => {
    const answer = answers[Math.min(seen.length, answers.length - 1)]!;
    seen.push({ url, method, headers: headers as Record<string, string>, body });
    return Promise.resolve().then(answer);
  };
  const sleep = async (ms: number, signal?: AbortSignal): Promise<void> => {
    if (ms < TIMEOUT_MS) waits.push(ms);
    else await new Promise<void>((resolve) => signal?.addEventListener("abort", () => resolve()));
  };
  const seams = { now: () => NOW, random: () => 0.999_999, sleep };
  return { seen, waits, client: createOpsCore({ baseUrl: "http://ops.test/", apiKey: KEY, fetch, seams, ...options }) };
};

const problem = (status: number, code: string, more: object = {}, headers: Record<string, string> = {}) =>
  Response.json({ code, detail: "words", status, retryable: status === 503, ...more }, { status, headers });

const later = () => problem(503, "store_unavailable", {}, { "Retry-After": "2" });
const fine = () => Response.json({ status: "ok" });
const cutOff = (): Response => {
  throw new TypeError(`fetch failed with Bearer ${KEY}`, { cause: { code: "ECONNREFUSED" } });
};

const errorOf = async (call: Promise<unknown>): Promise<OpsCoreError> => {
  const thrown: unknown = await call.catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(OpsCoreError);
  return thrown as OpsCoreError;
};

describe("repeats", () => {
  test("a read is repeated until it is answered, with jitter that doubles and never before Retry-After", async () => {
    const { client, seen, waits } = scripted([cutOff, later, () => new Response("<html>", { status: 502 }), fine]);
    expect(await client.health()).toEqual({ status: "ok" });
    expect(seen).toHaveLength(4);
    expect(waits).toEqual([249, 2_000, 999]);
  });

  test("they end after maxRetries with the last error", async () => {
    const { client, seen } = scripted([later], { maxRetries: 2 });
    expect(await errorOf(client.health())).toMatchObject({ code: "store_unavailable", retryAfterMs: 2_000 });
    expect(seen).toHaveLength(3);
    const once = scripted([later]);
    await errorOf(once.client.health({ maxRetries: 0 }));
    expect(once.seen).toHaveLength(1);
  });

  test("what creates something is repeated under one Idempotency-Key, each call under its own", async () => {
    const { client, seen } = scripted([cutOff, () => Response.json({ sessionId: "s", workflowId: "w" })]);
    await client.sessions.start({ workflowDefinitionId: "w" });
    await client.sessions.start({ workflowDefinitionId: "w" });
    await client.sessions.start({ workflowDefinitionId: "w" }, { idempotencyKey: "mine" });
    const keys = seen.map(({ headers }) => headers["Idempotency-Key"]);
    expect(keys[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(keys[1]).toBe(keys[0]);
    expect(keys[2]).not.toBe(keys[0]);
    expect(keys[3]).toBe("mine");
    expect(seen[1]).toEqual(seen[0]);
  });

  test("a state report and a settle call are repeated byte by byte, without a key", async () => {
    const { client, seen } = scripted([later, fine]);
    await client.agents.reportState("a", "idle");
    expect(seen).toHaveLength(2);
    expect(seen[1]).toEqual(seen[0]);
    expect(seen[0]?.headers).not.toHaveProperty("Idempotency-Key");
    const settle = scripted([later, fine]);
    await settle.client.tasks.complete("tsk_1:1", { output: 1 });
    expect(settle.seen.map(({ url }) => url)).toEqual(
      Array(2).fill("http://ops.test/v1/opscore/tasks/tsk_1:1/complete"),
    );
  });

  test("what might undo another's change is never repeated", async () => {
    const spec = { cron: "@daily", workflowDefinitionId: "w" };
    for (const call of [
      ({ client }: ReturnType<typeof scripted>) => client.schedules.put("s", spec),
      ({ client }: ReturnType<typeof scripted>) => client.schedules.delete("s"),
    ]) {
      const one = scripted([later]);
      await errorOf(call(one));
      expect(one.seen).toHaveLength(1);
    }
  });

  test("neither a refusal, nor a bug, nor a missing configuration is repeated", async () => {
    for (const [status, code] of [
      [404, "agent_not_found"],
      [500, "internal_error"],
      [503, "not_configured"],
    ] as const) {
      const { client, seen } = scripted([() => problem(status, code)]);
      expect((await errorOf(client.agents.get("a"))).code).toBe(code);
      expect(seen).toHaveLength(1);
    }
  });

  test("a request in flight is asked for again; a wait of more than a minute is the caller's", async () => {
    const busy = scripted([() => problem(409, "request_in_flight", {}, { "Retry-After": "1" }), fine]);
    await busy.client.tasks.enqueue({ agentId: "a" });
    expect(busy.waits).toEqual([1_000]);
    const limited = scripted([() => problem(429, "rate_limited", { retryable: true }, { "Retry-After": "61" })]);
    expect(await errorOf(limited.client.health())).toMatchObject({ code: "rate_limited", retryAfterMs: 61_000 });
    expect(limited.seen).toHaveLength(1);
  });

  test("jitter is full: from nothing to a bound that doubles, 8 s at most", () => {
    expect([0, 1, 5, 50].map((retry) => delayMs(retry, 0.999_999, null))).toEqual([249, 499, 7_999, 7_999]);
    expect(delayMs(5, 0, null)).toBe(0);
    expect(parseRetryAfter("Sun, 22 Nov 2026 00:00:05 GMT", NOW)).toBe(5_000);
    expect([parseRetryAfter("soon", NOW), parseRetryAfter(null, NOW)]).toEqual([null, null]);
  });
});

describe("what can be wrong", () => {
  test("a time-out ends an attempt, even of a fetch that takes no notice of its signal", async () => {
    const seams = { now: () => NOW, random: () => 0, sleep: () => Promise.resolve() };
    const never = scripted([() => new Promise<Response>(() => undefined)], { seams, maxRetries: 1 });
    expect(await errorOf(never.client.health())).toMatchObject({ code: "timed_out", status: null, retryable: true });
    expect(never.seen).toHaveLength(2);
  });

  test("a time-out ends a wait whose look hangs; one that is as long as can be is none", async () => {
    const looks: AbortSignal[] = [];
    const hanging: Fetch = (_, { signal }) => {
      if (signal != null) looks.push(signal);
      return new Promise(() => undefined);
    };
    let now = NOW;
    // Time passes for the wait alone, whose look has ten seconds more.
    const sleep = async (ms: number, signal?: AbortSignal): Promise<void> => {
      if (ms === 70_000) now += ms;
      else await new Promise<void>((resolve) => signal?.addEventListener("abort", () => resolve()));
    };
    const seams = { now: () => now, random: () => 0.5, sleep };
    const client = createOpsCore({ baseUrl: "http://ops.test", fetch: hanging, seams });
    const error = await errorOf(client.sessions.wait("ses_1", { timeoutMs: 60_000 }));
    expect([error.code, looks.length, looks[0]?.aborted]).toEqual(["timed_out", 1, true]);

    const ended = new AbortController();
    let isOver = false;
    const long = platformSeams.sleep(Infinity, ended.signal).then(() => {
      isOver = true;
    });
    await platformSeams.sleep(20);
    expect(isOver).toBe(false);
    ended.abort();
    await long;
  });

  test("a signal ends the call and its repeats; one that is aborted already sends nothing", async () => {
    const controller = new AbortController();
    const { client, seen } = scripted([() => (controller.abort(), new Promise<Response>(() => undefined))]);
    expect((await errorOf(client.health({ signal: controller.signal }))).code).toBe("aborted");
    expect((await errorOf(client.health({ signal: controller.signal }))).code).toBe("aborted");
    expect(seen).toHaveLength(1);
  });

  test("an answer that is none of Ops-Core is told as such, not followed and not believed", async () => {
    for (const answer of [
      () => new Response("fine"),
      () => Response.json([]),
      () => Response.json("text"),
      () => new Response(null, { status: 302, headers: { Location: "http://elsewhere.test/" } }),
      () => new Response(null, { status: 418 }),
    ]) {
      const { client, seen } = scripted([answer]);
      expect((await errorOf(client.health())).code).toBe("invalid_answer");
      expect(seen).toHaveLength(1);
    }
  });

  test("the key is in no error, whatever fetch or the server says", async () => {
    const shown = (error: OpsCoreError): string => `${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`;
    const failed = await errorOf(scripted([cutOff], { maxRetries: 0 }).client.health());
    expect(failed.detail).toContain("ECONNREFUSED");
    expect(shown(failed)).not.toContain(KEY);
    const echo = () => problem(401, "unauthorized", { detail: `not ${KEY}`, hint: KEY, errors: [{ message: KEY }] });
    const echoed = await errorOf(scripted([echo]).client.health());
    expect(echoed.detail).toBe("not ***");
    expect(shown(echoed)).not.toContain(KEY);
    const bad = (): unknown => createOpsCore({ baseUrl: "http://ops.test", apiKey: `${KEY}\n` });
    expect(bad).toThrow(TypeError);
    expect(bad).not.toThrow(KEY);
    expect(() => createOpsCore({ baseUrl: `http://user:${KEY}@ops.test` })).toThrow(/^baseUrl holds a credential/);
  });

  test("options that cannot work and ids that are none are a TypeError before anything is sent", () => {
    for (const options of [{ baseUrl: "ops" }, { baseUrl: "file:///x" }, { timeoutMs: 0 }, { maxRetries: -1 }]) {
      expect(() => createOpsCore({ baseUrl: "http://ops.test", ...options })).toThrow(TypeError);
    }
  });

  test("an id cannot become another path", async () => {
    const { client, seen } = scripted([fine]);
    await client.agents.get("a/../b?c");
    expect(seen[0]?.url).toBe("http://ops.test/v1/opscore/agents/a%2F..%2Fb%3Fc");
    await expect(client.agents.get("..")).rejects.toThrow(TypeError);
    await expect(client.agents.get("")).rejects.toThrow(TypeError);
  });

  test("a page that names itself as the next one does not loop for ever", async () => {
    const { client } = scripted([() => Response.json({ data: [], nextCursor: "same" })]);
    const read = async (): Promise<void> => {
      for await (const agent of client.agents.list()) expect(agent).toBeUndefined();
    };
    expect((await errorOf(read())).code).toBe("invalid_answer");
  });
});
