import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** What `npm run build:worker` makes: the file that would be uploaded. */
export const buildWorker = async (folder: string): Promise<string> => {
  const wrangler = join(root, "node_modules/wrangler/bin/wrangler.js");
  await promisify(execFile)(process.execPath, [wrangler, "deploy", "--dry-run", "--outdir", folder], {
    cwd: root,
    env: { ...process.env, CI: "1", WRANGLER_SEND_METRICS: "false", WRANGLER_LOG_PATH: folder },
  });
  return readFileSync(join(folder, "worker.js"), "utf8");
};

const migrate = async (miniflare: Miniflare): Promise<void> => {
  const database = await miniflare.getD1Database("DB");
  const files = readdirSync(join(root, "drizzle")).filter((name) => name.endsWith(".sql"));
  for (const name of files.toSorted()) {
    for (const statement of readFileSync(join(root, "drizzle", name), "utf8").split("--> statement-breakpoint"))
      await database.prepare(statement).run();
  }
};

/** A built Worker under plain workerd, with a migrated D1. The vitest pool allows what production does not. */
export const runWorker = async (bundle: string, bindings: Readonly<Record<string, string>>): Promise<Miniflare> => {
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      name: "ops-core",
      modules: [{ type: "ESModule", path: "worker.js", contents: bundle }],
      compatibilityDate: "2026-07-01",
      cf: false,
      d1Databases: ["DB"],
      // No consumer: what a hint would bring about must come of the tick.
      queueProducers: { HINTS: "opscore-hints" },
      bindings: { OPSCORE_EGRESS: "local", OPSCORE_DISPATCH: "direct", LOG_LEVEL: "error", ...bindings },
    }),
  );
  await migrate(miniflare);
  return miniflare;
};
