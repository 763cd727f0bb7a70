import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { cliWorlds, emptyFolder, runCli, transcript } from "../support/cli.ts";

const HOME = "/nonexistent-home";

describe("helps on typos", () => {
  test.each([
    [["agnets", "list"], "agents"],
    [["agents", "lst"], "list"],
    [["agents", "list", "--limt", "3"], "--limit"],
    [["agents", "list", "--jsn"], "--json"],
    [["sessions", "start", "x", "--wiat"], "--wait"],
  ])("%j: did you mean %s?", async (argv, meant) => {
    const { code, err } = await runCli(argv);
    expect(code).toBe(2);
    expect(err).toContain(`Did you mean ${meant}?`);
  });

  test("a noun alone names its verbs", async () => {
    const { err } = await runCli(["schedules"]);
    expect(err).toContain("Verbs: list, get, create, put, delete, pause, resume, trigger");
  });
});

test("help of every command", async () => {
  const texts: string[] = [];
  const nouns = [
    "agents",
    "workflows",
    "sessions",
    "tasks",
    "schedules",
    "dev",
    "rebuild",
    "verify",
    "migrate",
    "api",
    "config",
    "completion",
  ];
  for (const argv of [[], ["--help"], ...nouns.map((noun) => [noun, "--help"]), ["sessions", "start", "--help"]]) {
    texts.push(transcript(argv, await runCli(argv)));
  }
  await expect(texts.join("\n")).toMatchFileSnapshot("../fixtures/cli/help.txt");
});

describe("settings", () => {
  const folderWith = (files: Readonly<Record<string, string>>): string => {
    const folder = emptyFolder();
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(join(folder, name, ".."), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    return folder;
  };
  const list = async (argv: readonly string[], around: Parameters<typeof runCli>[1]) => {
    const { out } = await runCli(["config", "list", "--json", ...argv], around);
    const { data } = JSON.parse(out) as {
      data: { name: string; value: string | null; source: string; origin: string }[];
    };
    return Object.fromEntries(data.map((one) => [one.name, one]));
  };

  test("flag > environment > project file > user file > default", async () => {
    const folder = folderWith({
      "opscore.json": '{"url": "http://project.test"}',
      "deep/er/x": "",
      "home/.config/opscore/config.json": '{"url": "http://user.test", "requestTimeout": "5s"}',
    });
    const env = { HOME: join(folder, "home") };
    const at = { folder: join(folder, "deep/er"), env };
    expect((await list([], { env }))["url"]).toMatchObject({ value: "http://user.test", source: "user file" });
    expect((await list([], at))["url"]).toMatchObject({
      value: "http://project.test",
      source: "project file",
      origin: join(folder, "opscore.json"),
    });
    expect((await list([], at))["requestTimeout"]).toMatchObject({ value: "5s", source: "user file" });
    const withEnv = { ...at, env: { ...env, OPSCORE_API_URL: "http://environment.test/v1" } };
    expect((await list([], withEnv))["url"]).toMatchObject({ source: "environment", origin: "OPSCORE_API_URL" });
    expect((await list(["--url", "http://flag.test"], withEnv))["url"]).toMatchObject({
      value: "http://flag.test",
      source: "flag",
      origin: "--url",
    });
    expect((await list([], { env: { HOME } }))["url"]).toMatchObject({ source: "default", origin: null });
  });

  test("the first CLI's .env in the working folder, and --api-url", async () => {
    const folder = folderWith({
      ".env": "OTHER=1\nexport OPSCORE_API_URL='http://dotenv.test' # there\nOPSCORE_API_KEY=dotenv-key-1234\n",
    });
    const settings = await list([], { folder, env: { HOME } });
    expect(settings["url"]).toMatchObject({ value: "http://dotenv.test", source: "project file" });
    expect(settings["apiKey"]).toMatchObject({ source: "project file", origin: join(folder, ".env") });
    expect((await list(["--api-url", "http://other.test"], { folder, env: { HOME } }))["url"]?.value).toBe(
      "http://other.test",
    );
  });

  test("the key that a server here has made is found, for a server here only", async () => {
    const folder = folderWith({ "data/api-key": "opscore_own-key-of-the-server\n" });
    const env = { HOME };
    expect((await list([], { folder, env }))["apiKey"]).toMatchObject({ source: "default" });
    expect((await list(["--url", "https://ops.example.com"], { folder, env }))["apiKey"]?.value).toBeNull();
  });

  test("secrets are printed nowhere: not by config list, not by errors, not as what an option was mistaken for", async () => {
    const secret = "a-very-secret-key-1234";
    const env = { HOME, OPSCORE_API_KEY: secret, OPSCORE_WEBHOOK_SECRET: `${secret}-2` };
    const lines = [
      ["config", "list"],
      ["config", "list", "--json"],
      ["agents", "list", "--url", `http://${secret}:x@127.0.0.1:1`],
      ["agents", "list", "--url", "http://127.0.0.1:1", "--request-timeout", "never"],
      ["agents", "list", `--api-keey=${secret}`],
      ["agents", "list", "--api-key", secret, "--what"],
      ["agents", "list", secret],
      [secret],
      ["agents", secret, "--json"],
    ];
    for (const argv of lines) {
      const { out, err } = await runCli(argv, { env });
      expect(`${out}${err}`, argv.join(" ")).not.toContain(secret);
      expect(`${out}${err}`, argv.join(" ")).not.toBe("");
    }
  });

  test("a user's key is not sent to where a project's file says", async () => {
    const folder = folderWith({
      "opscore.json": '{"url": "http://127.0.0.1:1"}',
      "home/.config/opscore/config.json": '{"apiKey": "user-key-123456"}',
    });
    const env = { HOME: join(folder, "home") };
    const refused = await runCli(["agents", "list"], { folder, env });
    expect([refused.code, refused.err]).toEqual([2, expect.stringContaining("it is not sent there") as string]);
    expect((await runCli(["agents", "list", "--url", "http://127.0.0.1:1"], { folder, env })).code).toBe(6);
  });

  test.each([
    ["{", "is no JSON"],
    ["[]", "is no JSON object"],
    ['{"ur": "x"}', 'names "ur"; there are: url'],
    ['{"url": 7}', "url is no text"],
  ])("a file that cannot be meant is told: %s", async (text, words) => {
    const folder = folderWith({ "opscore.json": text });
    const { code, err } = await runCli(["agents", "list"], { folder, env: { HOME } });
    expect([code, err]).toEqual([2, expect.stringContaining(words) as string]);
  });

  test.each([["not a url"], ["ftp://example.com"], ["http://user:pass@example.com"]])("no URL: %s", async (url) => {
    const { code, err } = await runCli(["agents", "list", "--url", url], { env: { HOME } });
    expect([code, err]).toEqual([2, expect.stringContaining("baseUrl") as string]);
  });
});

describe("on a terminal", () => {
  const open = cliWorlds();

  test("colours; none with NO_COLOR, --no-color, or without a terminal", async () => {
    const { cli } = await open();
    await cli(["agents", "put", "writer", "--endpoint", "http://writer.test/"]);
    const list = ["agents", "list"];
    expect((await cli(list, { tty: true })).out).toContain("\u001b[");
    expect((await cli(list)).out).not.toContain("\u001b");
    expect((await cli(list, { tty: true, env: { NO_COLOR: "1" } })).out).not.toContain("\u001b");
    expect((await cli([...list, "--no-color"], { tty: true })).out).not.toContain("\u001b");
    expect((await cli([...list, "--json"], { tty: true })).out).not.toContain("\u001b");
  });

  test("start --wait draws one block anew, on stderr; plain lines elsewhere", async () => {
    const { cli } = await open({ draft: { output: "text" } });
    await cli(["agents", "put", "writer", "--endpoint", "http://writer.test/", "--capability", "write"]);
    const definition = '{"id":"w","name":"W","tasks":[{"taskId":"draft","agentCapability":"write"}]}';
    const start = ["sessions", "start", "--definition", definition, "--wait"];
    const drawn = await cli(start, { tty: true });
    expect(drawn.err.replaceAll("\u001b", "ESC")).toMatch(/▶ draft[^]*ESC\[2A[^]*✓ draft/);
    const lines = await cli(start);
    expect(lines.err).not.toContain("\u001b");
    expect(lines.err.trim().split("\n")).toHaveLength(4);
  });

  test("asks before it cancels many sessions, and only there", async () => {
    const { cli } = await open();
    const waiting = '{"id":"w","name":"W","tasks":[{"taskId":"a","type":"signal"}]}';
    await cli(["sessions", "start", "--definition", waiting]);
    const cancel = ["sessions", "bulk", "cancel", "--all"];
    const no = await cli(cancel, { tty: true, answer: "n" });
    expect([no.code, no.err]).toEqual([2, expect.stringContaining("cancel 1 sessions? [y/N] ") as string]);
    expect((await cli(cancel)).code).toBe(2);
    expect((await cli(cancel, { tty: true, answer: "y" })).out).toContain("done");
  });

  test("what agents say cannot move the cursor", async () => {
    const { cli, world } = await open();
    const registration = {
      agentName: "a\u001b[2Jb\u009b1m",
      version: "1",
      capabilities: [],
      contactEndpoint: "http://a.test",
    };
    expect((await world.request("PUT", "/v1/opscore/agents/odd", registration)).ok).toBe(true);
    const { out } = await cli(["agents", "list"]);
    expect(out).toContain("a\ufffd[2Jb\ufffd1m");
  });
});

describe("api", () => {
  const open = cliWorlds();

  test("any call, as it is; its problem is printed and sets the code", async () => {
    const { cli } = await open();
    expect(JSON.parse((await cli(["api", "get", "/health"])).out)).toEqual({ status: "ok" });
    expect((await cli(["api", "GET", "llms.txt"])).out).toMatch(/^# /);
    expect(JSON.parse((await cli(["api", "GET", "/llms.txt", "--json"])).out)).toHaveProperty("text");
    const body = { agentName: "a", version: "1", capabilities: [], contactEndpoint: "http://a.test/" };
    const put = await cli(["api", "put", "agents/a", "-d", "-", "-i"], { stdin: JSON.stringify(body) });
    expect([put.code, put.err]).toEqual([0, expect.stringMatching(/^HTTP 201\n/) as string]);
    expect(JSON.parse((await cli(["api", "GET", "agents/a", "--json=agentId"])).out)).toEqual({ agentId: "a" });
    const missing = await cli(["api", "GET", "agents/b"]);
    expect([missing.code, (JSON.parse(missing.out) as { code: string }).code]).toEqual([3, "agent_not_found"]);
    const document = await cli(["api", "GET", "agents/b", "--json"]);
    expect(JSON.parse(document.out)).toMatchObject({ error: { code: "agent_not_found" } });
    expect((await cli(["api", "FETCH", "agents"])).code).toBe(2);
    expect((await cli(["api", "GET", "agents", "-H", "nonsense"])).code).toBe(2);
  });
});

describe("completion", () => {
  const complete = async (...words: readonly string[]): Promise<readonly string[]> =>
    (await runCli(["__complete", ...words])).out.trim().split("\n");

  test("nouns, verbs, options and what arguments may be", async () => {
    expect(await complete("se")).toEqual(["sessions"]);
    expect(await complete("sessions", "re")).toEqual(["reject", "rerun", "resume", "retry"]);
    expect(await complete("sessions", "bulk", "")).toEqual(["cancel", "rerun"]);
    expect(await complete("sessions", "list", "--st")).toEqual(["--started-after", "--started-before", "--status"]);
    expect(await complete("--url", "http://x", "completion", "")).toEqual(["bash", "fish", "zsh"]);
    expect(await complete("agents", "list", "--limit", "")).toEqual([""]);
    expect(await complete("agents", "up")).toEqual(["update-state"]);
    expect(await complete("u")).toEqual([""]);
  });

  test.each(["bash", "zsh", "fish"])("a script for %s", async (shell) => {
    const { code, out } = await runCli(["completion", shell]);
    expect([code, out]).toEqual([0, expect.stringContaining("opscore __complete") as string]);
  });

  test("of no other shell", async () => {
    expect((await runCli(["completion", "csh"])).code).toBe(2);
  });
});
