import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { EXIT } from "../../src/cli/exit-codes.ts";
import { cliWorlds, emptyFolder, runCli } from "../support/cli.ts";

interface Failure {
  readonly error: { readonly code: string; readonly detail: string; readonly hint: string | null };
}

const failure = (out: string): Failure["error"] => (JSON.parse(out) as Failure).error;

describe("help", () => {
  test.each([[["help"]], [["help", "agents"]], [["agents", "help"]], [["agents", "help", "list"]], [["agents", "-h"]]])(
    "%j is help, and no error",
    async (argv) => {
      const { code, out, err } = await runCli(argv);
      expect([code, out, err]).toEqual([EXIT.ok, expect.stringMatching(/^Usage: opscore /) as string, ""]);
    },
  );

  test("of what is not there", async () => {
    const { code, out, err } = await runCli(["help", "agnets"]);
    expect([code, out]).toEqual([EXIT.usage, ""]);
    expect(err).toContain("There is no such command.");
  });

  test.each([[["--help"]], [["help", "agents"]], [["agents", "list", "--help"]]])(
    "%j is one document with --json",
    async (argv) => {
      const { code, out } = await runCli([...argv, "--json"]);
      expect([code, JSON.parse(out)]).toEqual([EXIT.ok, { help: expect.stringMatching(/^Usage: /) as string }]);
    },
  );

  test("the version is one document with --json", async () => {
    expect(JSON.parse((await runCli(["--version", "--json"])).out)).toEqual({ version: "0.1.0" });
    expect((await runCli(["--version"])).out).toBe("0.1.0\n");
  });
});

describe("what cannot be meant is told before anything is sent, with 2", () => {
  const nobody = {
    env: { OPSCORE_API_KEY: "some-key-1234" },
    fetch: () => Promise.reject(new Error("it was sent")),
  };

  test.each([
    [["agents", "get", ".."], "agentId is no id."],
    [["agents", "get", ""], "agentId is no id."],
    [["schedules", "delete", "."], "scheduleId is no id."],
    [["doctor", "--url", "nonsense"], "baseUrl is no URL"],
    [["tasks", "enqueue", "--agent", "a", "--priority", "high"], "It is not a whole number from 1."],
    [["api", "GET", "agents", "-d", "{}"], "GET has no --data."],
    [["api", "GET", "agents", "-H", "X-A: \u20ac"], "in ASCII"],
    [["agents", "list", "--request-timeout", "30d"], "24d at most"],
    [["agents", "list", "--request-timeout", "0s"], "24d at most"],
    [["sessions", "start", "w", "--input", '{"a": 1,\n "b" 2}'], "--input is no JSON (line 2, column 6)."],
  ])("%j: %s", async (argv, words) => {
    const { code, err } = await runCli(argv, nobody);
    expect([code, err]).toEqual([EXIT.usage, expect.stringContaining(words) as string]);
    const json = await runCli([...argv, "--json"], nobody);
    expect([json.code, failure(json.out).code]).toEqual([EXIT.usage, "usage"]);
  });

  test("fields without a `=` are told how they are said", async () => {
    const { out } = await runCli(["agents", "list", "--json", "agentId"], nobody);
    expect(failure(out).hint).toBe("Fields go behind a `=`: --json=a,b.");
  });
});

describe("what is read", () => {
  const open = cliWorlds();

  test("a file of an editor that puts a mark before the text", async () => {
    const { cli } = await open();
    const folder = emptyFolder();
    const definition = '{"id":"w","name":"W","tasks":[{"taskId":"a","type":"signal"}]}';
    writeFileSync(join(folder, "w.json"), `\u{feff}${definition}`);
    expect((await cli(["workflows", "save", "w.json"], { folder })).code).toBe(EXIT.ok);
    expect((await cli(["workflows", "save", "-"], { stdin: `\u{feff}${definition}` })).code).toBe(EXIT.ok);
  });

  test("standard input is one text", async () => {
    const argv = ["workflows", "test", "w", "--mocks", "-", "--input", "-"];
    const { code, err } = await runCli(argv, { stdin: "{}" });
    expect([code, err]).toEqual([EXIT.usage, expect.stringContaining("only one `-` can be said") as string]);
  });

  test("a header that is said stands instead of the usual one, however it is spelled", async () => {
    const { cli } = await open();
    const yaml = "id: w\nname: W\ntasks:\n  - taskId: a\n    type: signal\n";
    const argv = ["api", "POST", "workflows", "-H", "content-type: application/yaml", "-d", yaml];
    expect((await cli(argv)).code).toBe(EXIT.ok);
    expect((await cli(["api", "GET", "agents", "-H", "authorization: Bearer other"])).code).toBe(EXIT.auth);
  });
});

describe("the user's file", () => {
  test.each([[""], ["config"]])("is not looked for in the working folder, by XDG_CONFIG_HOME=%j", async (config) => {
    const folder = emptyFolder();
    for (const at of [join(folder, "opscore"), join(folder, "config/opscore"), join(folder, ".config/opscore")]) {
      mkdirSync(at, { recursive: true });
      writeFileSync(join(at, "config.json"), '{"url": "http://another.test"}');
    }
    const { out } = await runCli(["config", "list", "--json"], { folder, env: { XDG_CONFIG_HOME: config, HOME: "" } });
    expect(out).not.toContain("another.test");
  });

  test("a password in a URL is not listed", async () => {
    for (const json of [[], ["--json"]]) {
      const { out } = await runCli(["config", "list", "--url", "https://me:hunter2@ops.example.com/x", ...json]);
      expect(out).toContain("https://***@ops.example.com/x");
      expect(out).not.toContain("hunter2");
    }
  });
});

describe("interrupted", () => {
  const forever = (): Promise<never> => new Promise(() => undefined);

  test.each([[["verify"]], [["rebuild", "--check"]]])("%j only looks, and is left where it is", async (argv) => {
    const stop = new AbortController();
    const look = (): Promise<never> => {
      stop.abort();
      return forever();
    };
    const local = { verify: look, rebuild: look };
    const { code, out } = await runCli([...argv, "--json"], { signal: stop.signal, local });
    expect([code, failure(out).code]).toEqual([EXIT.interrupted, "aborted"]);
  });

  test("a repair is brought to its end", async () => {
    const stop = new AbortController();
    const rebuild = (): Promise<{ clean: true; document: object; words: string }> => {
      stop.abort();
      return Promise.resolve({ clean: true, document: { repaired: 1 }, words: "1 repaired" });
    };
    const ran = await runCli(["rebuild", "--write"], { signal: stop.signal, local: { rebuild } });
    expect([ran.code, ran.out]).toEqual([EXIT.ok, "1 repaired\n"]);
  });

  test("a wait says which session it was for", async () => {
    const stop = new AbortController();
    const sessionId = "ses_0000000000000000000000000001";
    const fetch = (_: string, init: RequestInit): Promise<Response> => {
      if (init.method === "POST") return Promise.resolve(Response.json({ sessionId, workflowId: "w", message: "m" }));
      stop.abort();
      return Promise.reject(new Error("gone"));
    };
    const { code, out } = await runCli(["sessions", "start", "w", "--wait", "--json"], { fetch, signal: stop.signal });
    expect(code).toBe(EXIT.interrupted);
    expect(failure(out)).toMatchObject({ code: "aborted", hint: `opscore sessions watch ${sessionId}` });
  });
});
