import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { expect, onTestFinished, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

const LIMIT_BYTES = 15 * 1_024;

/** The file with all that it imports; for no platform, so that a built-in module of any is an error. */
const bundle = (entry: string): { readonly code: Buffer; readonly inputs: readonly string[] } => {
  const folder = mkdtempSync(join(tmpdir(), "opscore-size-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [out, meta] = [join(folder, "out.js"), join(folder, "meta.json")];
  const flags = [
    "--bundle",
    "--minify",
    "--format=esm",
    "--platform=neutral",
    `--outfile=${out}`,
    `--metafile=${meta}`,
  ];
  execFileSync(join(root, "node_modules/.bin/esbuild"), [entry, ...flags], { cwd: root, stdio: "pipe" });
  const { inputs } = JSON.parse(readFileSync(meta, "utf8")) as { inputs: Record<string, unknown> };
  return { code: readFileSync(out), inputs: Object.keys(inputs) };
};

test.each(["src/sdk/index.ts", "src/sdk/agent.ts"])("%s is small and made of the SDK alone", (entry) => {
  const { code, inputs } = bundle(entry);
  expect(inputs.filter((path) => !path.startsWith("src/sdk/"))).toEqual([]);
  expect(gzipSync(code).length).toBeLessThan(LIMIT_BYTES);
});
