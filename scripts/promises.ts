import { globSync, readFileSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { holdersOf, promises, unheld, type Holder, type TestResults } from "../test/support/promises.ts";

/** `npm run promises [-- --results FILE] [--all]`: who holds which promise, by the results of the last `npm test`. */
const root = fileURLToPath(new URL("..", import.meta.url));
const SHOWN = 4;

// Whoever reads may have seen enough.
process.stdout.on("error", () => process.exit(1));

const { values } = parseArgs({
  options: {
    results: { type: "string", default: `${root}coverage/tests.json` },
    all: { type: "boolean", default: false },
  },
});

let results: TestResults;
try {
  results = JSON.parse(readFileSync(values.results, "utf8")) as TestResults;
  if (!Array.isArray((results as Partial<TestResults> | null)?.testResults)) throw new Error("no test results");
} catch {
  process.stderr.write(`${values.results} cannot be read. Run the tests first: npm test\n`);
  process.exit(2);
}

const show = ({ file, title }: Holder): string => `      ${relative(root, file)}: ${title}\n`;

const holders = holdersOf(results);
for (const [id, tests] of holders) {
  process.stdout.write(`${id.padEnd(4)}${promises[id]}\n`);
  // The same test of another platform, or of other values, says nothing new.
  const [first, more] = values.all ? [tests, 0] : [tests.slice(0, SHOWN), Math.max(0, tests.length - SHOWN)];
  process.stdout.write(tests.length === 0 ? "      no test\n" : first.map(show).join(""));
  if (more > 0) process.stdout.write(`      … and ${more} more\n`);
}

const ran = new Set(results.testResults.map(({ name }) => relative(root, name)));
const missed = globSync("test/**/*.test.ts", { cwd: root, exclude: ["**/fixtures/**"] }).filter(
  (file) => !ran.has(file),
);
if (missed.length > 0) {
  process.stderr.write(`These are the results of a part of the tests only; ${missed.length} files are missing.\n`);
}
const lacking = unheld(holders);
if (lacking.length > 0) {
  process.stderr.write(`Held by no test that ran and passed: ${lacking.join(", ")}\n`);
  process.exitCode = 1;
}
