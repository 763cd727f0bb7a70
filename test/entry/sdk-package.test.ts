import { execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
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

/** The versions of Node that are here, with their programs: the one of the tests, and the machine's own. */
const nodes = (): readonly (readonly [version: string, path: string])[] => {
  const found = new Map<string, string>();
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((one) => !one.includes("node_modules"));
  for (const path of [process.execPath, ...folders.map((one) => join(one, "node"))]) {
    if (!existsSync(path)) continue;
    const version = execFileSync(path, ["-p", "process.versions.node"], { encoding: "utf8" }).trim();
    const [major = "", minor = ""] = version.split(".");
    // What the dependencies need.
    if (Number(major) > 20 || (Number(major) === 20 && Number(minor) >= 19)) found.set(version, path);
  }
  return [...found];
};

/** From the registry; where that cannot be reached, with this project's own copies of what the package depends on. */
const install = async (project: string, tarball: string): Promise<void> => {
  const quiet = ["--no-audit", "--no-fund", "--prefer-offline", "--fetch-retries=0"];
  try {
    await execute("npm", ["install", ...quiet, tarball], { cwd: project });
  } catch (error) {
    if (!/ENOTFOUND|ECONNREFUSED|EAI_AGAIN|ENOTCACHED|ETIMEDOUT|network/.test(String(error))) throw error;
    process.stderr.write("The registry cannot be reached: the dependencies are linked.\n");
    mkdirSync(join(project, "node_modules/.bin"), { recursive: true });
    for (const name of readdirSync(join(root, "node_modules")).filter((one) => !one.startsWith("."))) {
      symlinkSync(join(root, "node_modules", name), join(project, "node_modules", name));
    }
    mkdirSync(join(project, "node_modules/ops-core"));
    symlinkSync("../ops-core/dist/entry/cli.js", join(project, "node_modules/.bin/opscore"));
    await execute("tar", ["-xzf", tarball, "-C", join(project, "node_modules/ops-core"), "--strip-components=1"]);
  }
};

describe("the package", () => {
  const folder = mkdtempSync(join(tmpdir(), "opscore-package-"));
  const installed = join(folder, "node_modules/ops-core");
  let tarball: string;

  beforeAll(async () => {
    await execute("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: root });
    tarball = join(folder, readdirSync(folder).find((name) => name.endsWith(".tgz")) ?? "none");
    mkdirSync(installed, { recursive: true });
    // Unpacked alone: nothing that it names as a dependency is there.
    await execute("tar", ["-xzf", tarball, "-C", installed, "--strip-components=1"]);
    const [agent = "", client = ""] = snippets();
    writeFileSync(join(folder, "package.json"), '{"type":"module"}');
    writeFileSync(join(folder, "agent.ts"), agent);
    writeFileSync(join(folder, "client.ts"), client);
  }, LIMIT_MS);

  let installing: Promise<string> | undefined;

  /** A project into which the package is installed, once for all tests. */
  const fresh = (): Promise<string> => {
    installing ??= (async () => {
      const project = join(folder, "fresh");
      mkdirSync(project);
      writeFileSync(join(project, "package.json"), '{"type":"module","private":true}');
      await install(project, tarball);
      return project;
    })();
    return installing;
  };

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

  test("holds the SDK, the server with its migrations, and the command line; no source, test or script", () => {
    expect(readdirSync(installed).toSorted()).toEqual(["README.md", "dist", "drizzle", "package.json"]);
    const folders = readdirSync(join(root, "src")).filter((name) => name !== "dashboard");
    expect(readdirSync(join(installed, "dist")).toSorted()).toEqual(folders.toSorted());
    const files = readdirSync(installed, { recursive: true, encoding: "utf8" });
    expect(files.filter((name) => /(?<!\.d)\.ts$|\.test\.|^scripts|_snapshot/.test(name))).toEqual([]);
    const migrations = readdirSync(join(root, "drizzle")).filter((name) => name.endsWith(".sql"));
    expect(files.filter((name) => name.endsWith(".sql"))).toHaveLength(migrations.length);
  });

  test.each(nodes())(
    "installed in a fresh project, `opscore dev` on Node %s starts everything, and a session completes",
    async (_version, node) => {
      const project = await fresh();
      const opscore = join(project, "node_modules/ops-core/dist/entry/cli.js");
      expect(readFileSync(join(project, "node_modules/.bin/opscore"), "utf8")).toMatch(/^#!\/usr\/bin\/env node\n/);
      const env = {
        PATH: process.env["PATH"] ?? "",
        HOME: project,
        DATABASE_URL: `file:${join(dataFolder(), "x.db")}`,
      };
      const dev = spawn(node, [opscore, "dev", "--port", "0", "--json"], { cwd: project, env });
      const ended = once(dev, "close");
      onTestFinished(async () => {
        dev.kill("SIGKILL");
        await ended;
      });
      let said = "";
      dev.stderr.setEncoding("utf8").on("data", (chunk: string) => (said += chunk));
      const [line] = (await Promise.race([once(dev.stdout, "data"), ended])) as [Buffer | number];
      expect(line, said).toBeInstanceOf(Buffer);
      const { url, workflow, keyFile } = JSON.parse(String(line)) as Readonly<
        Record<"url" | "workflow" | "keyFile", string>
      >;
      const key = { OPSCORE_API_KEY: readFileSync(keyFile, "utf8").trim() };
      const cli = (...args: readonly string[]) =>
        execute(node, [opscore, ...args, "--url", url], { cwd: project, env: { ...env, ...key } });
      const waited = await cli(
        "sessions",
        "start",
        workflow,
        "--input",
        '{"name":"you"}',
        "--wait",
        "--json=tasks.output",
      );
      expect(JSON.parse(waited.stdout)).toEqual({ "tasks.output": ["Hello, you!", "HELLO, YOU!"] });
      expect((await cli("agents", "list")).stdout).toContain("greeter");
      dev.kill("SIGTERM");
      expect(await ended).toEqual([0, null]);
    },
    LIMIT_MS,
  );

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
