import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { ANSWER_MS, boundedSql } from "../../src/store/bounded-sql.ts";
import { openLibsql } from "../../src/store/libsql.ts";
import { statement, type Sql, type SqlResult } from "../../src/store/sql-port.ts";
import { createStore } from "../../src/store/store.ts";
import { expectProblem, read } from "../support/api.ts";
import { httpServer } from "../support/faulty-servers.ts";
import type { WorkerEntry } from "../support/worker-ticks.ts";

// Only workerd has it, and it is asked only when a connection fails.
vi.mock("cloudflare:sockets", () => ({ connect: () => undefined }));

const KEY = "a-key-of-enough-characters";
const one = [statement("SELECT 1")];
const never: Sql = { batch: () => new Promise(() => undefined) };

/** A batch whose answer the test gives. */
const asked = () => {
  let resolve: (results: readonly SqlResult[]) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const answer = new Promise<readonly SqlResult[]>((onAnswer, onError) => {
    [resolve, reject] = [onAnswer, onError];
  });
  const sql: Sql = { batch: () => answer };
  return { sql, resolve, reject };
};

/** What has become of it by now. */
const outcomeOf = (promise: Promise<unknown>): { now: "pending" | "answered" | Error } => {
  const outcome: ReturnType<typeof outcomeOf> = { now: "pending" };
  promise.then(
    () => (outcome.now = "answered"),
    (error: Error) => (outcome.now = error),
  );
  return outcome;
};

describe("a bounded batch", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
  afterEach(() => void vi.useRealTimers());

  test("L5: is store_unavailable, to be repeated, once it has had no answer for 4 s, and not before", async () => {
    const outcome = outcomeOf(createStore(boundedSql(never)).ping());
    await vi.advanceTimersByTimeAsync(ANSWER_MS - 1);
    expect(outcome.now).toBe("pending");
    await vi.advanceTimersByTimeAsync(1);
    expect(outcome.now).toMatchObject({ code: "store_unavailable", status: 503, retryAfterSeconds: 1 });
  });

  test("waits less where the caller has less time, and never more", async () => {
    const [less, more] = [100, 10_000].map((ms) => outcomeOf(boundedSql(never, 1_000).batch(one, "read", ms)));
    await vi.advanceTimersByTimeAsync(100);
    expect([less?.now, more?.now]).toEqual([expect.any(Error), "pending"]);
    await vi.advanceTimersByTimeAsync(900);
    expect(more?.now).toBeInstanceOf(Error);
  });

  test("answers and fails as its database does, and leaves no timer behind", async () => {
    const [good, bad] = [asked(), asked()];
    const answered = boundedSql(good.sql).batch(one, "read");
    const failed = boundedSql(bad.sql).batch(one, "write");
    expect(vi.getTimerCount()).toBe(2);
    const results = [{ rows: [{ n: 1 }], rowsWritten: null }];
    good.resolve(results);
    expect(await answered).toBe(results);
    const error = new Error("UNIQUE constraint failed");
    bad.reject(error);
    await expect(failed).rejects.toBe(error);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("what fails after the bound disturbs nobody", async () => {
    const unhandled = vi.fn();
    process.on("unhandledRejection", unhandled);
    onTestFinished(() => void process.off("unhandledRejection", unhandled));
    const { sql, reject } = asked();
    const outcome = outcomeOf(boundedSql(sql).batch(one, "write"));
    await vi.advanceTimersByTimeAsync(ANSWER_MS);
    expect(outcome.now).toBeInstanceOf(Error);
    reject(new Error("the connection broke"));
    await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled).not.toHaveBeenCalled();
  });

  test("L5: the Worker answers 503 within 5 s while D1 hangs", async () => {
    const lines = vi.spyOn(console, "log").mockImplementation(() => undefined);
    onTestFinished(() => lines.mockRestore());
    const entry = await vi.importActual<{
      readonly default: WorkerEntry & { fetch(request: Request, env: object, context: object): Promise<Response> };
    }>("../../src/entry/worker.ts");
    const env = {
      DB: { prepare: () => ({ bind: () => ({}) }), batch: () => new Promise(() => undefined) },
      HINTS: {},
      OPSCORE_API_KEY: KEY,
      AGENTKIT_API_URL: "http://agentkit.test/v1",
    };
    const request = new Request("http://ops-core.test/v1/opscore/sessions", {
      headers: { Authorization: `Bearer ${KEY}` },
    });
    const answer = entry.default.fetch(request, env, { waitUntil: () => undefined });
    for (let turns = 0; turns < 1_000 && vi.getTimerCount() === 0; turns += 1) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    await vi.advanceTimersByTimeAsync(ANSWER_MS);
    const reply = await read(answer);
    expectProblem(reply, 503, "store_unavailable");
    expect(reply.headers.get("Retry-After")).toBe("1");
  });
});

test("L5: batches that hang at a libSQL server keep no later one from it", async () => {
  let hangs = true;
  let held = 0;
  const host = await httpServer((_request, response) => {
    if (hangs) held += 1;
    else response.writeHead(418).end();
  });
  const sql = await openLibsql({ url: `http://${host}`, answerMs: 200 });
  onTestFinished(() => sql.close());
  const ask = () => sql.batch(one, "read");
  const all = Promise.allSettled(Array.from({ length: 30 }, ask));
  // As many as the client sends at a time.
  await vi.waitFor(() => expect(held).toBeGreaterThanOrEqual(20), { timeout: 5_000 });
  for (const { status } of await all) expect(status).toBe("rejected");
  hangs = false;
  await vi.waitFor(() => expect(ask()).rejects.toThrow("418"), { timeout: 5_000 });
}, 20_000);
