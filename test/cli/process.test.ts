import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { startListener } from "../../scripts/samples/listener.ts";
import { emptyFolder } from "../support/cli.ts";

const entry = fileURLToPath(new URL("../../src/entry/cli.ts", import.meta.url));
const LIMIT_MS = 30_000;

/** `opscore` as a process. */
const opscore = (argv: readonly string[], env: Readonly<Record<string, string>> = {}) => {
  const folder = emptyFolder();
  const child = spawn(process.execPath, [entry, ...argv], {
    cwd: folder,
    env: { PATH: process.env["PATH"] ?? "", HOME: folder, ...env },
  });
  const text = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (text.out += chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (text.err += chunk));
  const ended = once(child, "close").then(([code, signal]: unknown[]) => ({ code, signal, ...text }));
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  return { child, ended };
};

test(
  "data goes to stdout, messages to stderr, the code to the caller; a pipe is no terminal",
  { timeout: LIMIT_MS },
  async () => {
    const [version, help, wrong] = await Promise.all([
      opscore(["--version"]).ended,
      opscore([]).ended,
      opscore(["agents", "lst", "--json"]).ended,
    ]);
    expect(version).toMatchObject({ code: 0, out: "0.1.0\n", err: "" });
    expect(help).toMatchObject({ code: 0, out: expect.stringContaining("Exit codes\n") as string, err: "" });
    expect([wrong.code, wrong.err, JSON.parse(wrong.out)]).toEqual([
      2,
      "",
      { error: expect.objectContaining({ exitCode: 2 }) as object },
    ]);
  },
);

test("standard input is a body", { timeout: LIMIT_MS }, async () => {
  const got: string[] = [];
  const server = await startListener(0, ({ body }) => {
    got.push(body);
    return { status: 200, body: { valid: true, workflowId: "w", tasks: 1, warnings: [] } };
  });
  onTestFinished(() => server.close());
  const { child, ended } = opscore(["workflows", "validate", "-"], { OPSCORE_URL: server.url });
  child.stdin.end("id: w\n");
  expect(await ended).toMatchObject({ code: 0, out: "w has no faults: 1 tasks\n" });
  expect(got).toEqual(["id: w\n"]);
});

test("whoever has read enough ends it without a word", { timeout: LIMIT_MS }, async () => {
  const { child, ended } = opscore(["completion", "bash"]);
  child.stdout.destroy();
  expect(await ended).toMatchObject({ code: 0, signal: null, err: "" });
});

test("bash completes by the script that it is given", { timeout: LIMIT_MS }, async () => {
  const folder = emptyFolder();
  writeFileSync(join(folder, "opscore"), `#!/bin/sh\nexec "${process.execPath}" "${entry}" "$@"\n`, { mode: 0o755 });
  const script =
    'eval "$(opscore completion bash)"; COMP_WORDS=(opscore sessions re); COMP_CWORD=2; _opscore; echo "${COMPREPLY[@]}"';
  const env = { ...process.env, PATH: `${folder}${delimiter}${process.env["PATH"]}` };
  const { stdout } = await promisify(execFile)("bash", ["-c", script], { env });
  expect(stdout).toBe("reject rerun resume retry\n");
});

test("Ctrl-C ends a wait with 130, and what was printed is one document", { timeout: LIMIT_MS }, async () => {
  let tell: () => void = () => undefined;
  const asked = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const server = await startListener(0, () => {
    tell();
    return { status: 503, body: { code: "store_unavailable", detail: "away", retryable: true } };
  });
  onTestFinished(() => server.close());
  const { child, ended } = opscore(["sessions", "list", "--json"], { OPSCORE_URL: server.url });
  await asked;
  child.kill("SIGINT");
  const { code, out } = await ended;
  expect([code, JSON.parse(out)]).toEqual([130, { error: expect.objectContaining({ code: "aborted" }) as object }]);
});

test("Ctrl-C ends the wait for standard input", { timeout: LIMIT_MS }, async () => {
  const { child, ended } = opscore(["api", "POST", "workflows", "-d", "-", "--json"]);
  // No pipe holds as much as this: it is handed on once the other side reads.
  await new Promise((handedOn) => void child.stdin.write("x".repeat(4_000_000), handedOn));
  child.kill("SIGINT");
  const { code, out } = await ended;
  expect([code, JSON.parse(out)]).toEqual([130, { error: expect.objectContaining({ code: "aborted" }) as object }]);
});

test(
  "dev: a signal that comes twice at once, as by npx, is one, and all is stopped in order",
  { timeout: LIMIT_MS },
  async () => {
    const { child, ended } = opscore(["dev", "--port", "0", "--json"]);
    await once(child.stdout, "data");
    child.kill("SIGINT");
    child.kill("SIGTERM");
    const { code, err } = await ended;
    expect([code, err]).toEqual([0, ""]);
  },
);

test("dev: a port that is taken is told in its own words", { timeout: LIMIT_MS }, async () => {
  const server = await startListener(0, () => ({ status: 200, body: {} }));
  onTestFinished(() => server.close());
  const { port } = new URL(server.url);
  const { code, out } = await opscore(["dev", "--port", port, "--json"]).ended;
  const detail = `Port ${port} is in use. Choose another: opscore dev --port 8080`;
  expect([code, JSON.parse(out)]).toEqual([1, { error: expect.objectContaining({ detail }) as object }]);
});
