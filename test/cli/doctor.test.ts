import { chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { startListener } from "../../scripts/samples/listener.ts";
import { startStandInAgentKit } from "../../scripts/samples/stand-in-agentkit.ts";
import { parseConfig } from "../../src/contract/config.ts";
import { createLocal } from "../../src/entry/local.ts";
import { startServer } from "../../src/entry/node-server.ts";
import { acquireWriterLock } from "../../src/entry/writer-lock.ts";
import { openLibsql } from "../../src/store/libsql.ts";
import { migrateLibsql } from "../../src/store/migrate-libsql.ts";
import { statement } from "../../src/store/sql-port.ts";
import { oneTask, start } from "../support/api.ts";
import { cliWorlds, emptyFolder, runCli, transcript, type Around } from "../support/cli.ts";
import { nodePlatform } from "../support/node-platform.ts";
import { callInto } from "../support/sdk.ts";
import { unreachableCall, type Platform, type World, type WorldOptions } from "../support/world.ts";

const drizzle = fileURLToPath(new URL("../../drizzle", import.meta.url));
const KEY = "a-key-of-this-server";
const SECRET = "webhook-secret";
const NOWHERE = "http://127.0.0.1:1";

type Env = Readonly<Record<string, string>>;

interface Found {
  readonly check: string;
  readonly message: string;
  readonly fix: string;
}

/** The faults that doctor finds; its exit code says whether there are any, and its words name each with its fix. */
const faults = async (argv: readonly string[], around: Around): Promise<readonly Found[]> => {
  const json = await runCli(["doctor", "--json", ...argv], around);
  const { healthy, data } = JSON.parse(json.out) as { healthy: boolean; data: (Found & { status: string })[] };
  const found = data.filter(({ status }) => status === "fault");
  expect([json.code, healthy]).toEqual(found.length === 0 ? [0, true] : [1, false]);
  for (const { fix } of found) expect(fix.length).toBeGreaterThan(10);
  const words = await runCli(["doctor", ...argv], around);
  expect(words.code).toBe(json.code);
  for (const { check, message, fix } of found) {
    expect(words.out).toContain(`FAULT ${check}: ${message.slice(0, 20)}`);
    expect(words.out).toContain(`fix: ${fix}\n`);
  }
  return found;
};

const names = (found: readonly Found[]): readonly string[] => found.map(({ check }) => check);

/** A real server over real HTTP, and what is around doctor on its machine. */
const serve = async (env: Env = {}, local: Env = {}): Promise<Around & { readonly url: string; readonly env: Env }> => {
  const folder = emptyFolder();
  const database = { DATABASE_URL: `file:${join(folder, "opscore.db")}`, OPSCORE_API_KEY: KEY };
  const parsed = parseConfig({ PORT: "0", ...database, ...env }, "node");
  if (!parsed.ok) throw new Error(parsed.problems.join());
  const server = await startServer(parsed.config, { apiKey: KEY, lock: null, log: { log: () => undefined } });
  onTestFinished(() => server.stop());
  const own = { HOME: folder, ...database, OPSCORE_URL: server.url, ...local };
  return { url: server.url, env: own, folder, local: createLocal(own) };
};

/** Registers an agent. */
const put = async (world: World, agentId: string, contactEndpoint = `http://${agentId}.test/`): Promise<void> => {
  const registration = { agentName: agentId, version: "1", capabilities: [], contactEndpoint };
  expect((await world.request("PUT", `/v1/opscore/agents/${agentId}`, registration)).status).toBe(201);
};

/** Of this machine alone: nothing answers at the URL. */
const alone = async (env: Env, nodeVersion?: string): Promise<readonly string[]> => {
  const found = await faults([], { env: { OPSCORE_URL: NOWHERE, ...env }, local: createLocal(env, nodeVersion) });
  return names(found);
};

const migrated = async (file: string, folder = drizzle): Promise<void> => {
  await migrateLibsql({ url: `file:${file}` }, folder);
};

describe("a healthy system has no fault", () => {
  const open = cliWorlds();

  test("a server with a webhook secret and an AgentKit, from its own machine", async () => {
    const agentKit = await startStandInAgentKit({ deliver: "forward" });
    onTestFinished(() => agentKit.close());
    const own = { OPSCORE_WEBHOOK_SECRET: SECRET, AGENTKIT_API_URL: `${agentKit.url}/v1` };
    const around = await serve(own, own);
    expect(await faults([], around)).toEqual([]);
    const { out, err } = await runCli(["doctor", "--json=healthy"], around);
    expect([JSON.parse(out), err]).toEqual([{ healthy: true }, ""]);
  });

  test("a server without any of that, from elsewhere", async () => {
    const around = await serve();
    expect(await faults(["--no-here"], { ...around, local: {} })).toEqual([]);
  });

  test("a fleet at work", async () => {
    const { world, cli } = await open({ one: { output: 1 } }, { allowUnsigned: false });
    await put(world, "a");
    await start(world, { workflowDefinition: oneTask("a") });
    const ran = await cli(["doctor", "--no-here"]);
    expect(transcript(["doctor", "--no-here"], ran)).toMatchInlineSnapshot(`
      "$ opscore doctor --no-here
      ok    reachable: http://127.0.0.1:8000 answers
      ok    store: the store answers
      ok    version: both are 0.1.0
      ok    key: the key may read all that doctor looks at
      ok    agents: 1 registered, none is lost
      ok    ticks: 1 open sessions, none is overdue
      ! Nothing is wrong.
      = 0
      "
    `);
  });
});

describe("the server", () => {
  const open = cliWorlds();

  test("nothing listens; something else does", async () => {
    const env = { OPSCORE_URL: NOWHERE };
    expect(names(await faults(["--no-here"], { env }))).toEqual(["unreachable"]);
    const other = await startListener(0, () => ({ status: 200, body: { hello: "world" } }));
    onTestFinished(() => other.close());
    const found = await faults(["--no-here", "--url", other.url], { env });
    expect(names(found)).toEqual(["not-ops-core"]);
  });

  test("a wrong key, and none", async () => {
    const around = await serve();
    const wrong = await faults(["--api-key", "another-key"], around);
    expect(wrong).toEqual([
      expect.objectContaining({ check: "key", message: expect.stringContaining("--api-key") as string }),
    ]);
    const { OPSCORE_API_KEY: _, ...without } = around.env;
    expect(await faults(["--no-here"], { ...around, env: without, folder: "/nonexistent" })).toEqual([
      expect.objectContaining({ check: "key", message: "there is no key" }),
    ]);
  });

  test("its store is away", async () => {
    const broken: Platform = {
      ...nodePlatform,
      openSql: () => {
        const batch = () => Promise.reject(new Error("SQLITE_IOERR"));
        return Promise.resolve({ sql: { batch }, close: () => Promise.resolve() });
      },
    };
    const { cli } = await open({}, { allowUnsigned: false }, broken);
    const { code, out } = await cli(["doctor", "--no-here"]);
    expect([code, out]).toEqual([
      1,
      expect.stringMatching(/FAULT store: it takes no requests: .*\n +fix: See/) as string,
    ]);
    expect((await cli(["agents", "list"])).code).toBe(1);
  });

  test("a key without the scopes that are needed", async () => {
    const { cli } = await open({}, { allowUnsigned: false });
    const { out } = await cli(["keys", "create", "--name", "narrow", "--scope", "agents:read", "--json=key"]);
    const { key } = JSON.parse(out) as { key: string };
    const narrow = await cli(["doctor", "--no-here"], { env: { OPSCORE_API_KEY: key } });
    expect([narrow.code, narrow.out]).toEqual([
      1,
      expect.stringContaining("FAULT key-scope: the key may not read: sessions, workflows, schedules, tasks") as string,
    ]);
    expect(narrow.out + narrow.err).not.toContain(key);
    const viewer = await cli(["keys", "create", "--name", "viewer", "--role", "viewer", "--json=key"]);
    const { key: wide } = JSON.parse(viewer.out) as { key: string };
    expect((await cli(["doctor", "--no-here"], { env: { OPSCORE_API_KEY: wide } })).code).toBe(0);
  });

  test("a server without a key of its own", async () => {
    const { cli } = await open({}, { apiKey: null, allowUnsigned: false });
    const { out, code } = await cli(["doctor", "--no-here"]);
    expect([code, out]).toEqual([1, expect.stringContaining("FAULT server-key: ") as string]);
  });

  test("its clock and ours are apart", async () => {
    const around = await serve({ OPSCORE_WEBHOOK_SECRET: SECRET }, { OPSCORE_WEBHOOK_SECRET: SECRET });
    const later = { now: () => Date.now() + 600_000, random: () => 0, sleep: () => new Promise<void>(() => undefined) };
    const found = await faults([], { ...around, seams: later });
    expect(names(found)).toEqual(["clock", "webhook-clock"]);
    expect(found[0]?.message).toMatch(/the server's clock is (?:599|600|601) s behind/);
  });

  test("another release", async () => {
    const around = await serve();
    expect(names(await faults([], { ...around, version: "9.9.9" }))).toEqual(["version"]);
  });

  test("a key over plain HTTP to another machine", async () => {
    const { cli } = await open({}, { allowUnsigned: false });
    const { out } = await cli(["doctor", "--url", "http://ops.example.com"]);
    expect(out).toContain("FAULT encryption: the key goes to ops.example.com unencrypted");
  });
});

describe("the webhook, by signatures that change nothing", () => {
  test("another secret; none on the server; two while rotating, one of them wrong", async () => {
    const around = await serve({ OPSCORE_WEBHOOK_SECRET: SECRET }, { OPSCORE_WEBHOOK_SECRET: "another-secret" });
    const wrong = await faults([], around);
    expect(names(wrong)).toEqual(["webhook-secret"]);
    expect(JSON.stringify(wrong)).not.toContain("another-secret");
    const none = await faults([], await serve({}, { OPSCORE_WEBHOOK_SECRET: SECRET }));
    expect(none).toEqual([
      expect.objectContaining({ message: expect.stringContaining("has no webhook secret") as string }),
    ]);
    const two = await serve({ OPSCORE_WEBHOOK_SECRET: SECRET }, { OPSCORE_WEBHOOK_SECRET: `${SECRET}, the-old-one` });
    expect(await faults([], two)).toEqual([
      expect.objectContaining({ message: expect.stringContaining("secret 2 of OPSCORE_WEBHOOK_SECRET") as string }),
    ]);
    const { out } = await runCli(["agents", "list", "--json"], around);
    expect(JSON.parse(out)).toEqual({ data: [], nextCursor: null });
  });

  test("unsigned ones are taken", async () => {
    const around = await serve({ OPSCORE_ALLOW_UNSIGNED_WEBHOOKS: "true" });
    expect(names(await faults([], around))).toEqual(["webhook-unsigned"]);
  });
});

describe("the fleet", () => {
  const open = cliWorlds();
  const found = async (options: WorldOptions, happen: (world: World) => Promise<void>): Promise<string> => {
    const { world, cli } = await open({}, { allowUnsigned: false, ...options });
    await happen(world);
    await world.flush();
    const { out, code } = await cli(["doctor", "--no-here"]);
    expect(code, out).toBe(1);
    return out;
  };

  test("AgentKit takes tasks and delivers none", async () => {
    const call = callInto(() => Promise.resolve(Response.json({ status: "success" }, { status: 202 })));
    const out = await found({ call, mode: "agentkit" }, async (world) => {
      await put(world, "a");
      await start(world, { workflowDefinition: oneTask("a") });
      await world.flush();
      world.clock.advance(30_000);
    });
    expect(out).toMatch(/FAULT agentkit-swallows: .*: a\n +fix: Set OPSCORE_DISPATCH=direct/);
  });

  test("AgentKit cannot be reached by the server", async () => {
    const out = await found({ call: unreachableCall, mode: "agentkit" }, async (world) => {
      await put(world, "a");
      await start(world, { workflowDefinition: oneTask("a") });
    });
    expect(out).toMatch(/FAULT agentkit-unreachable: AgentKit at \S+ refused/);
  });

  test("an agent cannot be reached, and there is no AgentKit to go through", async () => {
    const out = await found({ call: unreachableCall, mode: "auto" }, async (world) => {
      await put(world, "a");
      await start(world, { workflowDefinition: oneTask("a") });
    });
    expect(out).toMatch(/FAULT agent-unreachable: .*: a \(http:\/\/a\.test\/ refused the connection\)/);
    expect(out).not.toContain("FAULT agentkit");
  });

  test("the egress policy refuses where an agent is", async () => {
    const out = await found({ egress: "public", mode: "direct" }, async (world) => {
      await put(world, "a", "http://10.0.0.7/");
      await start(world, { workflowDefinition: oneTask("a") });
    });
    expect(out).toMatch(/FAULT egress: .*: a \(private address 10\.0\.0\.7\)/);
  });

  test("nothing ticks: sessions are overdue", async () => {
    const out = await found({}, async (world) => {
      await start(world, {
        workflowDefinition: { id: "w", name: "W", tasks: [{ taskId: "nap", type: "wait", for: "1m" }] },
      });
      world.clock.advance(600_000);
    });
    expect(out).toMatch(/FAULT ticks: overdue by more than two minutes: ses_/);
  });

  test("an agent is lost, another's clock is far off", async () => {
    const out = await found({}, async (world) => {
      await put(world, "a");
      await start(world, { workflowDefinition: oneTask("a", "one", { timeout: { run: "10s" } }) });
      await world.pass(60_000);
      const early = new Date(world.clock.now() - 900_000).toISOString();
      await put(world, "b");
      await world.request("POST", "/v1/opscore/agent/b/state", { agentId: "b", timestamp: early, state: "idle" });
    });
    expect(out).toMatch(/FAULT agents-lost: lost: a\n/);
    expect(out).toMatch(/FAULT agent-clock: .*: b\n/);
  });
});

describe("this machine", () => {
  test("an old Node", async () => {
    expect(await alone({ DATABASE_URL: "libsql://db.example.com" }, "18.19.0")).toEqual(["node", "unreachable"]);
    expect(await alone({ DATABASE_URL: "libsql://db.example.com" }, "20.19.0")).toEqual(["unreachable"]);
  });

  test("a configuration that no server starts with: a short key or unsigned webhooks for other machines, nonsense", async () => {
    const database = { DATABASE_URL: "libsql://db.example.com" };
    const env = { ...database, HOST: "0.0.0.0", OPSCORE_API_KEY: "short", OPSCORE_ALLOW_UNSIGNED_WEBHOOKS: "true" };
    const found = await faults([], { env: { OPSCORE_URL: NOWHERE, ...env }, local: createLocal(env) });
    expect(names(found)).toEqual(["configuration", "configuration", "unreachable"]);
    expect(found[0]?.message).toMatch(/OPSCORE_API_KEY: is too short/);
    expect(await alone({ ...database, LOG_LEVEL: "loud" })).toEqual(["configuration", "unreachable"]);
  });

  test("a database that is read-only, none, or of another release; migrations are missing", async () => {
    const folder = emptyFolder();
    const file = join(folder, "opscore.db");
    const env = { DATABASE_URL: `file:${file}` };
    const older = join(folder, "older");
    cpSync(drizzle, older, { recursive: true });
    const journal = join(older, "meta/_journal.json");
    const read = (): { entries: { tag: string; when: number }[] } => JSON.parse(readFileSync(journal, "utf8")) as never;
    writeFileSync(journal, JSON.stringify({ ...read(), entries: read().entries.slice(0, 1) }));
    await migrated(file, older);
    expect(await alone(env)).toEqual(["migrations", "unreachable"]);
    await migrated(file);
    expect(await alone(env)).toEqual(["unreachable"]);
    chmodSync(file, 0o444);
    expect(await alone(env)).toEqual(["database-read-only", "unreachable"]);
    chmodSync(file, 0o644);
    const sql = await openLibsql({ url: `file:${file}` });
    const values = statement("INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('x', ?)", 2_000_000_000_000);
    await sql.batch([values], "write");
    sql.close();
    expect(await alone(env)).toEqual(["migrations-newer", "unreachable"]);
    writeFileSync(file, "this is a text and no database");
    expect(await alone(env)).toEqual(["database-format", "unreachable"]);
    writeFileSync(file, "SQLite format 3\0 and then nonsense".repeat(200));
    expect(await alone(env)).toEqual(["database-format", "unreachable"]);
  });

  test("a folder that cannot be written to", async () => {
    expect(await alone({ DATABASE_URL: "file:/proc/opscore.db" })).toEqual(["database-folder", "unreachable"]);
  });

  test("the disk is nearly full", async () => {
    const env = { DATABASE_URL: `file:${join(emptyFolder(), "opscore.db")}` };
    const around = { env: { OPSCORE_URL: NOWHERE, ...env }, local: createLocal(env) };
    expect(names(await faults(["--min-free", "999999999"], around))).toEqual(["disk", "unreachable"]);
    expect(names(await faults(["--min-free", "1"], around))).toEqual(["unreachable"]);
  });

  test("another process has the database, and is not what answers", async () => {
    const folder = emptyFolder();
    mkdirSync(join(folder, "data"));
    const env = { DATABASE_URL: `file:${join(folder, "data/opscore.db")}` };
    await migrated(join(folder, "data/opscore.db"));
    const lock = acquireWriterLock(env.DATABASE_URL);
    onTestFinished(() => lock?.release());
    expect(await alone(env)).toEqual(["database-locked", "unreachable"]);
  });

  test("another program has the port", async () => {
    const other = await startListener(0, () => ({ status: 404, body: {} }));
    onTestFinished(() => other.close());
    const { port } = new URL(other.url);
    const env = { DATABASE_URL: "libsql://db.example.com", PORT: port };
    const found = await faults([], { env: { OPSCORE_URL: other.url, ...env }, local: createLocal(env) });
    expect(names(found)).toEqual(["port", "not-ops-core"]);
  });

  test("AgentKit is not where the configuration says", async () => {
    const around = await serve({}, { AGENTKIT_API_URL: "http://127.0.0.1:1/v1" });
    expect(names(await faults([], around))).toEqual(["agentkit-unreachable"]);
  });
});
