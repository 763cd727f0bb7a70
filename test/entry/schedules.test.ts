import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { parseConfig } from "../../src/contract/config.ts";
import { startServer } from "../../src/entry/node-server.ts";
import { oneTask, type Json } from "../support/api.ts";
import { MINUTE, type ScheduleView } from "../support/schedules.ts";
import { dataFolder, KEY } from "../support/server-process.ts";

const START = Date.UTC(2026, 10, 22, 8);

test("a server fires what is due, and after a stop what it missed, each once", { timeout: 30_000 }, async () => {
  const parsed = parseConfig(
    { DATABASE_URL: `file:${join(dataFolder(), "x.db")}`, PORT: "0", OPSCORE_API_KEY: KEY },
    "node",
  );
  if (!parsed.ok) throw new Error(parsed.problems.join("\n"));
  let now = START;
  const begin = () =>
    startServer(parsed.config, { apiKey: KEY, lock: null, log: { log: () => undefined }, clock: { now: () => now } });
  const ask = async (server: { readonly url: string }, method: string, path: string, body?: unknown): Promise<Json> => {
    const response = await fetch(`${server.url}/v1/opscore${path}`, {
      method,
      headers: { Authorization: `Bearer ${KEY}`, "Content-Type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    expect(response.status).toBeLessThan(300);
    return (await response.json()) as Json;
  };
  const fires = async (server: { readonly url: string }): Promise<readonly string[]> =>
    ((await ask(server, "GET", "/schedules/s")) as ScheduleView).lastFires
      .map(({ at }) => at.slice(11, 16))
      .toReversed();

  const first = await begin();
  await ask(first, "PUT", "/agents/a", {
    agentName: "a",
    version: "1",
    capabilities: [],
    contactEndpoint: "http://127.0.0.1:1/",
  });
  await ask(first, "POST", "/workflows", oneTask("a", "w"));
  await ask(first, "PUT", "/schedules/s", { cron: "* * * * *", workflowDefinitionId: "w", overlap: "allow" });
  now += MINUTE;
  // Its own timer was set for that minute of its clock; the sweep of each second sees it come.
  await vi.waitFor(async () => expect(await fires(first)).toEqual(["08:01"]), { timeout: 10_000, interval: 50 });
  await first.stop();
  now += 3 * MINUTE;
  const second = await begin();
  try {
    await vi.waitFor(async () => expect(await fires(second)).toEqual(["08:01", "08:02", "08:03", "08:04"]), {
      timeout: 10_000,
      interval: 50,
    });
    expect((await ask(second, "GET", "/sessions"))["data"]).toHaveLength(4);
  } finally {
    await second.stop();
  }
});
