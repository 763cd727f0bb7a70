import { afterEach, expect, test, vi } from "vitest";
import { memoryPlatform } from "../support/memory-platform.ts";
import { createWorkerTicks, type WorkerEntry } from "../support/worker-ticks.ts";
import { createWorld } from "../support/world.ts";

// Only workerd has it, and it is asked only when a connection fails.
vi.mock("cloudflare:sockets", () => ({ connect: () => undefined }));

const MINUTE_MS = 60_000;
/** All due at the same minute. */
const SIZE = 300;

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test(
  "as many schedules as are due at one minute fire within it on Workers, each once",
  { timeout: 120_000 },
  async () => {
    vi.useFakeTimers({ toFake: ["Date", "setTimeout", "clearTimeout"], now: Date.UTC(2026, 10, 22, 8) });
    const world = await createWorld(memoryPlatform(), { now: Date.now() });
    const nightly = { id: "nightly", name: "Nightly", tasks: [{ taskId: "rest", type: "wait", for: "10h" }] };
    expect((await world.request("POST", "/v1/opscore/workflows", nightly)).status).toBe(201);
    const spec = { cron: "30 8 * * *", timeZone: "UTC", workflowDefinitionId: "nightly" };
    for (let at = 0; at < SIZE; at += 1) {
      expect((await world.request("PUT", `/v1/opscore/schedules/s${at}`, spec)).status).toBe(201);
    }
    vi.spyOn(console, "log").mockImplementation(() => undefined);
    const entry = await vi.importActual<{ readonly default: WorkerEntry }>("../../src/entry/worker.ts");
    const ticks = createWorkerTicks(entry.default, world.sql);
    const started = async (): Promise<number> => {
      const [result] = await world.sql.batch([{ sql: "SELECT count(*) AS n FROM sessions", args: [] }], "read");
      return Number(result?.rows[0]?.["n"]);
    };
    vi.setSystemTime(Date.UTC(2026, 10, 22, 8, 30));
    await ticks.tick(() => Promise.resolve());
    expect(await started()).toBe(SIZE);
    vi.setSystemTime(Date.now() + MINUTE_MS);
    await ticks.tick(() => Promise.resolve());
    expect(await started()).toBe(SIZE);
    await world.close();
  },
);
