import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import type { Run, Script } from "./command.ts";
import type { ReplayRequest } from "./d1-side.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const WORKER = "test/differential/d1-side.ts";

/** workerd with a D1 and the Worker that replays scripts over it. */
export interface WorkerdHost {
  replay(script: Script, dumpEach?: boolean): Promise<Run>;
  close(): Promise<void>;
}

/** Bundled as for a deployment. */
const bundle = async (): Promise<string> => {
  const folder = mkdtempSync(join(tmpdir(), "opscore-differential-"));
  const wrangler = join(root, "node_modules/wrangler/bin/wrangler.js");
  try {
    await promisify(execFile)(process.execPath, [wrangler, "deploy", WORKER, "--dry-run", "--outdir", folder], {
      cwd: root,
      env: { ...process.env, CI: "1", WRANGLER_SEND_METRICS: "false", WRANGLER_LOG_PATH: folder },
    });
    return readFileSync(join(folder, "d1-side.js"), "utf8");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

export const startWorkerdHost = async (): Promise<WorkerdHost> => {
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      name: "differential",
      modules: [{ type: "ESModule", path: "d1-side.js", contents: await bundle() }],
      compatibilityDate: "2026-07-01",
      cf: false,
      d1Databases: ["DB"],
    }),
  );
  const database = await miniflare.getD1Database("DB");
  const files = readdirSync(join(root, "drizzle")).filter((name) => name.endsWith(".sql"));
  for (const name of files.toSorted()) {
    for (const text of readFileSync(join(root, "drizzle", name), "utf8").split("--> statement-breakpoint"))
      await database.prepare(text).run();
  }
  return {
    replay: async (script, dumpEach = false) => {
      const body: ReplayRequest = { script, dumpEach };
      const answer = await miniflare.dispatchFetch("http://d1.test/", { method: "POST", body: JSON.stringify(body) });
      const text = await answer.text();
      if (!answer.ok) throw new Error(`the replay of ${script.seed} on D1 broke: ${text}`);
      return JSON.parse(text) as Run;
    },
    close: () => miniflare.dispose(),
  };
};
