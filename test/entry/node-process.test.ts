import { once } from "node:events";
import { readFileSync, statSync } from "node:fs";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { dataFolder, KEY, runToEnd, startProcess, type ServerProcess } from "../support/server-process.ts";

const SLOW_MS = 60_000;

/** A connection on which the test decides when which byte is sent. */
const open = async ({ url }: ServerProcess) => {
  const socket: Socket = connect(Number(new URL(url).port), "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  let text = "";
  socket.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  await once(socket, "connect");
  const answer = async (): Promise<string> => {
    while (!text.includes("\r\n\r\n")) await once(socket, "data");
    return text;
  };
  return { send: (part: string) => socket.write(part), answer };
};

describe("a start that is refused", () => {
  test(
    "bad configuration: one clear line for each bad value, and exit code 2",
    async () => {
      const { code, stderr, stdout } = await runToEnd({
        PORT: "99999",
        LOG_LEVEL: "loud",
        OPSCORE_DISPATCH: "pigeon",
        DATABASE_URL: "postgres://user:secret@db/x",
      });
      expect(code).toBe(2);
      expect(stderr.trimEnd().split("\n").toSorted()).toEqual([
        "DATABASE_URL: is not a libSQL URL, expected file:<path>, libsql://<host> or https://<host>",
        'LOG_LEVEL: "loud" is not one of: debug, info, warn, error',
        'OPSCORE_DISPATCH: "pigeon" is not one of: auto, agentkit, direct',
        'PORT: "99999" is not a port, expected 0 to 65535',
      ]);
      expect(stdout).toBe("");
    },
    SLOW_MS,
  );

  test(
    "a port that is taken: one line that says what to do, and exit code 1",
    async () => {
      const other = createServer().listen(0, "127.0.0.1");
      await once(other, "listening");
      onTestFinished(() => void other.close());
      const { port } = other.address() as AddressInfo;
      const env = { PORT: String(port), DATABASE_URL: `file:${join(dataFolder(), "x.db")}`, OPSCORE_API_KEY: KEY };
      const { code, stderr } = await runToEnd(env);
      expect(code).toBe(1);
      expect(stderr).toBe(`Port ${port} is in use. Choose another: PORT=8080 npm start\n`);
    },
    SLOW_MS,
  );

  test(
    "a listener that others can reach needs a key",
    async () => {
      const { code, stderr } = await runToEnd({ HOST: "0.0.0.0", PORT: "0" });
      expect(code).toBe(2);
      expect(stderr).toMatch(/^OPSCORE_API_KEY: is not set; .*\n$/);
    },
    SLOW_MS,
  );
});

describe("the root key", () => {
  test(
    "is generated, readable by its owner only, told once, and used again after a restart",
    async () => {
      const folder = dataFolder();
      const file = join(folder, "api-key");
      const first = await startProcess(folder, { OPSCORE_API_KEY: "" });
      const key = readFileSync(file, "utf8").trim();
      expect(key).toMatch(/^opscore_[\w-]{32}$/);
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(first.stderr()).toContain(key);
      first.child.kill("SIGTERM");
      await first.ended;

      const second = await startProcess(folder, { OPSCORE_API_KEY: "" });
      expect(readFileSync(file, "utf8").trim()).toBe(key);
      expect(second.stderr()).not.toContain(key);
      const ask = (bearer: string) =>
        fetch(`${second.url}/v1/opscore/agents`, { headers: { Authorization: `Bearer ${bearer}` } });
      expect([(await ask(key)).status, (await ask("something else")).status]).toEqual([200, 401]);
    },
    SLOW_MS,
  );
});

describe("SIGTERM", () => {
  test(
    "/ready turns 503, requests in flight finish, nobody new is let in, and the exit code is 0",
    async () => {
      const server = await startProcess(dataFolder());
      const body = JSON.stringify({ agentId: "a", timestamp: "2026-11-22T08:00:00Z", state: "idle", details: {} });
      const report = await open(server);
      report.send(
        `POST /v1/opscore/agent/a/state HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${KEY}\r\n` +
          `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 20)}`,
      );
      const ready = await open(server);
      ready.send("GET /ready HTTP/1.1\r\nHost: x\r\n");
      // The server has begun to read both once it answers a third.
      expect((await fetch(`${server.url}/ready`)).status).toBe(200);

      server.child.kill("SIGTERM");
      await server.logged("stopping");
      ready.send("\r\n");
      expect(await ready.answer()).toMatch(/^HTTP\/1.1 503 /);
      await expect(fetch(`${server.url}/ready`)).rejects.toThrow("fetch failed");
      report.send(body.slice(20));
      expect(await report.answer()).toMatch(/^HTTP\/1.1 202 /);
      expect(await server.ended).toMatchObject({ code: 0, signal: null });
    },
    SLOW_MS,
  );

  test(
    "a dispatch in the air is waited for, and its outcome is kept",
    async () => {
      const folder = dataFolder();
      const server = await startProcess(folder);
      let answer: (() => void) | undefined;
      const agent = createServer((socket) => {
        socket.once("data", () => {
          answer = () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 13\r\nConnection: close\r\n\r\n{"kept":true}');
          socket.emit("asked");
        });
        socket.once("asked", () => agent.emit("asked"));
      }).listen(0, "127.0.0.1");
      await once(agent, "listening");
      onTestFinished(() => void agent.close());
      const contactEndpoint = `http://127.0.0.1:${(agent.address() as AddressInfo).port}/`;
      await server.call("PUT", "/agents/a", { agentName: "a", version: "1", capabilities: [], contactEndpoint });
      const asked = once(agent, "asked");
      const { sessionId } = await server.call<{ sessionId: string }>("POST", "/sessions", {
        workflowDefinition: { id: "w", name: "w", tasks: [{ taskId: "t", agentId: "a", parameters: {} }] },
      });
      await asked;
      server.child.kill("SIGTERM");
      await server.logged("stopping");
      answer?.();
      expect(await server.ended).toMatchObject({ code: 0 });

      const next = await startProcess(folder);
      const session = await next.call<{ tasks: { attempts: { id: string; transport: string }[] }[] }>(
        "GET",
        `/sessions/${sessionId}`,
      );
      const attempt = session.tasks[0]?.attempts[0];
      expect(attempt?.transport).toBe("direct");
      await next.call("POST", `/tasks/${attempt?.id ?? ""}/complete`);
      expect(await next.call("GET", `/sessions/${sessionId}`)).toMatchObject({
        status: "completed",
        tasks: [{ output: { kept: true } }],
      });
    },
    SLOW_MS,
  );
});
