import { afterEach, describe, expect, test, vi } from "vitest";
import { createBacklog, type Backlog } from "../support/backlog.ts";
import { createWorkerTicks, type WorkerEntry } from "../support/worker-ticks.ts";

// Only workerd has it, and it is asked only when a connection fails.
vi.mock("cloudflare:sockets", () => ({ connect: () => undefined }));

/** 10,000 in ten minutes, in proportion: a claim costs the same however many are behind it. */
const SIZE = 800;
const perTenThousand = (ms: number): number => (ms * SIZE) / 10_000;
const MINUTE_MS = 60_000;

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** For each claim of these sessions, how many older ones of them still waited for theirs. */
const overtaken = (claims: Backlog["claims"], inOrder: readonly string[]): readonly number[] => {
  const age = new Map(inOrder.map((id, at) => [id, at]));
  const claimed = inOrder.map(() => false);
  const ages = claims.map(({ sessionId }) => age.get(sessionId)).filter((at) => at !== undefined);
  return ages.map((at) => {
    claimed[at] = true;
    return claimed.slice(0, at).filter((done) => !done).length;
  });
};

const mean = (numbers: readonly number[]): number => numbers.reduce((sum, n) => sum + n, 0) / numbers.length;

/** Every session was given out once, in time, to agents that were full at times and never overfull. */
const expectAllIn = (backlog: Backlog, since: number, boundMs: number, how: string): void => {
  const { claims } = backlog;
  const tookMs = (claims.at(-1)?.at ?? 0) - since;
  console.log(`${how}: ${claims.length} claims in ${tookMs / 1_000} s of virtual time, bound ${boundMs / 1_000} s`);
  expect(new Set(claims.map(({ sessionId }) => sessionId)).size).toBe(SIZE);
  expect(claims).toHaveLength(SIZE);
  expect(tookMs).toBeLessThan(boundMs);
  expect(backlog.fullest()).toBe(1);
};

describe("after an outage", () => {
  // Thousands of batches, on whatever machine.
  vi.setConfig({ testTimeout: 120_000 });

  test("L2: Node claims overdue timers and waiting tasks in time, oldest first, within capacities", async () => {
    const backlog = await createBacklog(SIZE);
    const { world, claims, retries, waits } = backlog;
    const since = Date.now();
    const boundMs = perTenThousand(10 * MINUTE_MS);
    while (claims.length < SIZE && Date.now() < since + boundMs) {
      const next = Date.now() + 1_000;
      await world.sweep();
      await backlog.finish();
      vi.setSystemTime(Math.max(Date.now(), next));
    }
    expectAllIn(backlog, since, boundMs, "Node");
    // Wake-ups run side by side; without any order it would be a quarter of them.
    for (const inOrder of [retries, waits]) expect(mean(overtaken(claims, inOrder))).toBeLessThan(10);
    await world.close();
  });

  test("L2: Workers claim them in time, by ticks and hints that D1 cuts short", async () => {
    const backlog = await createBacklog(SIZE);
    const { world, claims, retries, waits } = backlog;
    vi.stubGlobal("fetch", (url: string, { body }: { readonly body: string }) => {
      const { kind } = backlog.deliver(new URL(url).hostname, body);
      return Promise.resolve(new Response("", { status: kind === "answer" ? 200 : 521 }));
    });
    const lines = vi.spyOn(console, "log").mockImplementation(() => undefined);
    const entry = await vi.importActual<{ readonly default: WorkerEntry }>("../../src/entry/worker.ts");
    const ticks = createWorkerTicks(entry.default, world.sql);
    const since = Date.now();
    // A tick that has spent its statements finds nothing more: what is left then waits for the next.
    const boundMs = perTenThousand(9 * MINUTE_MS) + MINUTE_MS;
    for (let at = since; claims.length < SIZE && at < since + boundMs; at += MINUTE_MS) {
      vi.setSystemTime(Math.max(Date.now(), at));
      await ticks.tick(() => backlog.finish());
    }
    lines.mockRestore();
    expectAllIn(backlog, since, boundMs, `Workers (${ticks.refused()} invocations were cut short)`);
    // Queues keep no order: what is given to them in order is all that can be.
    const place = new Map(retries.map((id, at) => [id, at]));
    const handedOn = [...ticks.handedOn].flatMap((id) => place.get(id) ?? []);
    expect(handedOn.length).toBeGreaterThan(retries.length / 2);
    expect(handedOn).toEqual(handedOn.toSorted((a, b) => a - b));
    expect(mean(overtaken(claims, waits))).toBeLessThan(10);
    await world.close();
  });
});
