import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { dataFolder, KEY, startProcess } from "../support/server-process.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const LIMIT_MS = 60_000;
const execute = promisify(execFile);

/** The code of README's section, in order: the agent, the client. */
const snippets = (): readonly string[] => {
  const [, section = ""] = readFileSync(join(root, "README.md"), "utf8").split("## TypeScript SDK\n");
  return [...(section.split("\n## ")[0] ?? "").matchAll(/```ts\n([^]*?)```/g)].map(([, code = ""]) => code);
};

/** As it is in a browser: neither Node's types nor any package. */
const inBrowser = `
import { createOpsCore, type SessionDetailAnswer } from "ops-core/sdk";
const statusOf = (session: SessionDetailAnswer): "completed" | "failed" | null =>
  session.status === "completed" || session.status === "failed" ? session.status : null;
export const read = async (id: string) => statusOf(await createOpsCore({ baseUrl: location.origin }).sessions.get(id));
// @ts-expect-error -- no session has this status: a type that is any, or missing, is noticed
export const wrong = (session: SessionDetailAnswer): boolean => session.status === "nothing";
`;

/** Each answer as it is declared in the package, against the contract's own type of it. */
const sameTypes = (names: readonly string[]): string =>
  `import type * as packed from "ops-core/sdk";\nimport type * as own from "${root}src/sdk/index.ts";\n` +
  names
    .map(
      (name) => `export const to${name} = (from: packed.${name}): own.${name} => from;
export const from${name} = (from: own.${name}): packed.${name} => from;`,
    )
    .join("\n");

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
};

describe("the package", () => {
  const folder = mkdtempSync(join(tmpdir(), "opscore-package-"));
  const installed = join(folder, "node_modules/ops-core");

  beforeAll(async () => {
    await execute("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: root });
    const [tarball = ""] = readdirSync(folder).filter((name) => name.endsWith(".tgz"));
    mkdirSync(installed, { recursive: true });
    // Unpacked alone: nothing that it names as a dependency is there.
    await execute("tar", ["-xzf", join(folder, tarball), "-C", installed, "--strip-components=1"]);
    const [agent = "", client = ""] = snippets();
    writeFileSync(join(folder, "package.json"), '{"type":"module"}');
    writeFileSync(join(folder, "agent.ts"), agent);
    writeFileSync(join(folder, "client.ts"), client);
  }, LIMIT_MS);

  afterAll(() => rmSync(folder, { recursive: true }));

  const check = async (options: object, ...files: readonly string[]): Promise<void> => {
    const compilerOptions = { target: "ES2023", module: "NodeNext", strict: true, noEmit: true, ...options };
    const exact = { exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, skipLibCheck: false };
    writeFileSync(
      join(folder, "tsconfig.json"),
      JSON.stringify({ compilerOptions: { ...exact, ...compilerOptions }, files }),
    );
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const done = await execute(process.execPath, [tsc, "-p", folder]).catch((error: unknown) => error);
    expect((done as { stdout: string }).stdout).toBe("");
  };

  test("holds the SDK and nothing else of the project", () => {
    expect(readdirSync(installed).toSorted()).toEqual(["README.md", "dist", "package.json"]);
    expect(readdirSync(join(installed, "dist"))).toEqual(["sdk"]);
  });

  test(
    "README's agent has 15 lines; it and the client fit the types, in Node and in a browser",
    async () => {
      expect(snippets()[0]?.trimEnd().split("\n")).toHaveLength(15);
      mkdirSync(join(folder, "node_modules/@types"), { recursive: true });
      symlinkSync(join(root, "node_modules/@types/node"), join(folder, "node_modules/@types/node"));
      await check({ types: ["node"], lib: ["ES2023"] }, "agent.ts", "client.ts");
      writeFileSync(join(folder, "browser.ts"), inBrowser);
      await check({ types: [], lib: ["ES2023", "DOM"] }, "browser.ts");
    },
    LIMIT_MS,
  );

  test(
    "its answers are the contract's",
    async () => {
      const index = readFileSync(join(root, "src/sdk/index.ts"), "utf8");
      const names = [...index.matchAll(/\b([A-Z]\w+Answer)\b/g)].map(([, name = ""]) => name);
      expect(names.length).toBeGreaterThan(30);
      const all = [...names.filter((name) => name !== "PageAnswer"), "ErrorCode", "Fault"];
      writeFileSync(join(folder, "same.ts"), sameTypes(all));
      const ours = { skipLibCheck: true, allowImportingTsExtensions: true, types: [], lib: ["ES2023", "DOM"] };
      await check(ours, "same.ts");
    },
    LIMIT_MS,
  );

  test(
    "README's agent and client run against a server: a task reaches the agent and completes",
    async () => {
      const server = await startProcess(dataFolder());
      const port = await freePort();
      const env = {
        PATH: process.env["PATH"] ?? "",
        OPSCORE_URL: server.url,
        OPSCORE_API_KEY: KEY,
        PORT: String(port),
      };
      const agent = spawn(process.execPath, ["agent.ts"], { cwd: folder, env, stdio: "inherit" });
      onTestFinished(async () => {
        agent.kill();
        if (agent.exitCode === null && agent.signalCode === null) await once(agent, "close");
      });
      const { stdout } = await execute(process.execPath, ["client.ts"], { cwd: folder, env });
      expect(stdout).toContain("\nA text about tides\n1 StartSession\n");
      expect(stdout).toMatch(/\d CompleteTask\n$/);
    },
    LIMIT_MS,
  );
});
