import { execFile } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { dataFolder, startProcess } from "../support/server-process.ts";

const run = promisify(execFile);
const rebuild = fileURLToPath(new URL("../../scripts/rebuild.ts", import.meta.url));
const SLOW_MS = 60_000;

test(
  "keys outlive a restart with the pepper beside the data; their secrets are in no file, no log and no output of rebuild",
  async () => {
    const folder = dataFolder();
    const first = await startProcess(folder, { LOG_LEVEL: "debug", OPSCORE_FAILED_AUTH_LIMIT: "3" });
    const file = join(folder, "key-pepper");
    const pepper = readFileSync(file, "utf8").trim();
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const made = await first.call<{ keyId: string; key: string }>("POST", "/keys", { name: "n", role: "admin" });
    const rotated = await first.call<{ key: string }>("POST", `/keys/${made.keyId}/rotate`, {});
    const ask = (url: string, key: string, path = "agents") =>
      fetch(`${url}/v1/opscore/${path}`, { headers: { Authorization: `Bearer ${key}` } });
    for (const key of [made.key, rotated.key]) expect((await ask(first.url, key)).status).toBe(200);
    const shown = await (await ask(first.url, rotated.key, "keys")).text();
    const refused = await (await ask(first.url, `${rotated.key.slice(0, -1)}_`)).text();
    // The real socket's address is counted, whatever a header says.
    const statuses = [];
    for (let n = 0; n < 3; n += 1) statuses.push((await ask(first.url, "wrong")).status);
    expect(statuses).toEqual([401, 401, 429]);
    expect((await ask(first.url, rotated.key)).headers.get("RateLimit-Policy")).toBe('"key";q=1000000;w=60');
    first.child.kill("SIGTERM");
    const { stdout, stderr } = await first.ended;

    const second = await startProcess(folder);
    expect((await ask(second.url, made.key)).status).toBe(200);
    second.child.kill("SIGTERM");
    const again = await second.ended;

    const url = `file:${join(folder, "opscore.db")}`;
    const checked = await run(process.execPath, [rebuild, "--check", "--json"], {
      env: { PATH: process.env["PATH"], DATABASE_URL: url },
    }).catch((error: { stdout: string; stderr: string }) => error);
    const files = readdirSync(folder).map((name) => readFileSync(join(folder, name), "latin1"));
    const everything = [
      stdout,
      stderr,
      again.stdout,
      again.stderr,
      checked.stdout,
      checked.stderr,
      shown,
      refused,
      ...files,
    ];
    for (const secret of [made.key, rotated.key].map((key) => key.slice(-36, -6))) {
      expect(secret).toMatch(/^[0-9A-Za-z]{30}$/);
      expect(everything.filter((text) => text.includes(secret))).toEqual([]);
    }
    expect(everything.filter((text) => text.includes(pepper))).toHaveLength(1);
  },
  SLOW_MS,
);
