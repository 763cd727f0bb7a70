import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { EXIT } from "../../src/cli/exit-codes.ts";
import { cliWorlds, runCli, type Ran } from "../support/cli.ts";
import { API_KEY } from "../support/world.ts";

const open = cliWorlds();

/** A server that answers everything with this, or nothing at all. */
const serving = async (status: number | null, body = "", type = "text/html"): Promise<string> => {
  const server: Server = createServer((_, response) => {
    if (status !== null) response.writeHead(status, { "Content-Type": type }).end(body);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

/** With `--json` the same code, and one document that says it too. */
const both = async (work: (argv: readonly string[]) => Promise<Ran>, argv: readonly string[]): Promise<number> => {
  const plain = await work(argv);
  expect(plain.out).toBe("");
  expect(plain.err).toMatch(/^opscore: \S/);
  const json = await work([...argv, "--json"]);
  expect(json.code).toBe(plain.code);
  expect(JSON.parse(json.out)).toEqual({
    error: {
      code: expect.any(String) as string,
      detail: expect.any(String) as string,
      status: expect.toSatisfy((value) => value === null || typeof value === "number") as number | null,
      exitCode: plain.code,
      errors: expect.any(Array) as unknown[],
      requestId: expect.toSatisfy((value) => value === null || typeof value === "string") as string | null,
      retryable: expect.any(Boolean) as boolean,
      hint: expect.toSatisfy((value) => value === null || typeof value === "string") as string | null,
    },
  });
  return plain.code;
};

test("0 ok, 1 failure, 2 usage, 3 not found, 4 authentication, 5 conflict", async () => {
  const { cli } = await open();
  expect((await cli(["agents", "list"])).code).toBe(EXIT.ok);
  expect(await both(cli, ["sessions", "list", "--status", "sideways"])).toBe(EXIT.failure);
  expect(await both(cli, ["agents", "lsit"])).toBe(EXIT.usage);
  expect(await both(cli, ["agents"])).toBe(EXIT.usage);
  expect(await both(cli, ["agents", "list", "--limit", "none"])).toBe(EXIT.usage);
  expect(await both(cli, ["agents", "get", "nobody"])).toBe(EXIT.notFound);
  const wrong = { env: { OPSCORE_API_KEY: "another-key" } };
  expect(await both((argv) => cli(argv, wrong), ["agents", "list"])).toBe(EXIT.auth);
  const start = ["sessions", "start", "--definition", '{"id":"w","name":"W","tasks":[{"taskId":"a","type":"signal"}]}'];
  const started = JSON.parse((await cli([...start, "--json"])).out) as { sessionId: string };
  await cli(["sessions", "cancel", started.sessionId]);
  expect(await both(cli, ["sessions", "pause", started.sessionId])).toBe(EXIT.conflict);
});

test("6 unreachable: nobody listens, or what is between us and Ops-Core says that it is gone", async () => {
  const env = { OPSCORE_API_KEY: API_KEY };
  const seams = {
    now: () => 0,
    random: () => 0,
    sleep: (ms: number) => (ms < 10_000 ? Promise.resolve() : new Promise<void>(() => undefined)),
  };
  const at = (url: string) => (argv: readonly string[]) => runCli([...argv, "--url", url], { env, seams });
  expect(await both(at("http://127.0.0.1:1"), ["agents", "list"])).toBe(EXIT.unreachable);
  expect(await both(at(await serving(502, "<h1>Bad gateway</h1>")), ["agents", "list"])).toBe(EXIT.unreachable);
  expect(await both(at(await serving(200, "<h1>Hello</h1>")), ["agents", "list"])).toBe(EXIT.failure);
});

test("7 time-out: no answer in time, or no end of a session in time", async () => {
  const url = await serving(null);
  const env = { OPSCORE_API_KEY: API_KEY, OPSCORE_REQUEST_TIMEOUT: "30ms" };
  const quick = {
    now: () => 0,
    random: () => 0,
    sleep: (ms: number) =>
      new Promise<void>((resolve) => {
        setTimeout(resolve, ms);
      }),
  };
  expect(await both((argv) => runCli([...argv, "--url", url], { env, seams: quick }), ["agents", "list"])).toBe(
    EXIT.timeout,
  );
  const { cli } = await open();
  const start = ["sessions", "start", "--definition", '{"id":"w","name":"W","tasks":[{"taskId":"a","type":"signal"}]}'];
  const late = await cli([...start, "--wait", "--timeout", "2s"]);
  expect([late.code, late.out]).toEqual([EXIT.timeout, ""]);
});

test("10 the session failed, 11 it was cancelled: of start --wait, rerun --wait and watch", async () => {
  const { cli } = await open({ draft: { message: "no" } });
  await cli(["agents", "put", "writer", "--endpoint", "http://writer.test/", "--capability", "write"]);
  const definition = '{"id":"w","name":"W","tasks":[{"taskId":"draft","agentCapability":"write"}]}';
  const failed = await cli(["sessions", "start", "--definition", definition, "--wait", "--json=sessionId,status"]);
  const { sessionId, status } = JSON.parse(failed.out) as { sessionId: string; status: string };
  expect([failed.code, status]).toEqual([EXIT.runFailed, "failed"]);
  expect((await cli(["sessions", "watch", sessionId])).code).toBe(EXIT.runFailed);
  expect((await cli(["sessions", "rerun", sessionId, "--wait"])).code).toBe(EXIT.runFailed);
  const waiting = '{"id":"w","name":"W","tasks":[{"taskId":"a","type":"signal"}]}';
  const { out } = await cli(["sessions", "start", "--definition", waiting, "--json"]);
  const other = (JSON.parse(out) as { sessionId: string }).sessionId;
  await cli(["sessions", "cancel", other]);
  expect((await cli(["sessions", "watch", other])).code).toBe(EXIT.cancelled);
});

test("130 interrupted: at once, though the server does not answer", async () => {
  const url = await serving(null);
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 20);
  const ran = await runCli(["agents", "list", "--json", "--url", url], { signal: stop.signal });
  expect(ran.code).toBe(EXIT.interrupted);
  expect(JSON.parse(ran.out)).toMatchObject({ error: { code: "aborted", exitCode: EXIT.interrupted } });
});
