/**
 * Builds what `opscore` runs from: JavaScript of the command line and of the server, folder by folder as in `src`, and
 * so that each is found from the others as it is there. `dist/sdk` is made by `build-sdk.ts`.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const made = mkdtempSync(join(tmpdir(), "opscore-build-"));
const tsc = join(root, "node_modules/typescript/bin/tsc");
const project = join(root, "scripts/tsconfig.package.json");
execFileSync(process.execPath, [tsc, "-p", project, "--outDir", made], { stdio: "inherit" });
for (const folder of readdirSync(made)) {
  if (folder === "sdk") continue;
  const target = join(root, "dist", folder);
  rmSync(target, { recursive: true, force: true });
  cpSync(join(made, folder), target, { recursive: true });
}
rmSync(made, { recursive: true });
chmodSync(join(root, "dist/entry/cli.js"), 0o755);
