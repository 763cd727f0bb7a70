import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

const root = fileURLToPath(new URL("..", import.meta.url));
/** They take the clock and the randomness of their process. */
const SIMULATIONS = ["test/sim/sim*.test.ts"];
const migrations = `${root}drizzle`;

/** What the worker imports of packages. */
const packages = [
  "@cfworker/json-schema",
  "@hono/zod-validator",
  "@marcbachmann/cel-js",
  "croner",
  "drizzle-orm",
  "drizzle-orm/sqlite-core",
  "drizzle-orm/sqlite-proxy",
  "hono",
  "hono/http-exception",
  "hono/route",
  "jose",
  "js-yaml",
  "standardwebhooks",
  "zod",
];

export default defineConfig({
  root,
  test: {
    testTimeout: 20_000, // for what hangs: a slow machine fails nothing
    maxWorkers: 2, // as many as the smallest machine has cores; more do not make it faster
    reporters: ["default", "json"],
    outputFile: { json: "coverage/tests.json" },
    coverage: {
      provider: "istanbul", // workerd has no V8 coverage
      include: ["src/core/**/*.ts"],
      reportsDirectory: "coverage/core",
      reporter: [["text", { skipFull: true }], "html", "json-summary"],
      thresholds: { statements: 100, branches: 100, functions: 100, lines: 100 },
    },
    projects: [
      {
        extends: true,
        test: {
          name: "node",
          isolate: false, // no test leaves anything behind in its process, and to load all anew takes a second a file
          environment: "node",
          globalSetup: ["test/support/fleet-setup.ts"],
          include: ["test/{core,contract,cli,node,http,project,entry,sim,differential}/**/*.test.ts"],
          exclude: SIMULATIONS,
        },
      },
      {
        extends: true,
        test: {
          name: "sim",
          environment: "node",
          include: SIMULATIONS,
        },
      },
      {
        extends: true,
        plugins: [
          cloudflareTest(async () => ({
            wrangler: { configPath: `${root}wrangler.toml` },
            miniflare: {
              bindings: { MIGRATIONS: existsSync(migrations) ? await readD1Migrations(migrations) : [] },
            },
          })),
        ],
        test: {
          name: "workerd",
          // Module by module these take seconds to load, in each file.
          deps: { optimizer: { ssr: { enabled: true, include: packages } } },
          include: ["test/workerd/**/*.test.ts"],
          globalSetup: ["test/support/fleet-setup.ts"], // AgentKits and agents are servers, which workerd cannot be
          setupFiles: ["test/support/workerd-setup.ts"],
        },
      },
    ],
  },
});
