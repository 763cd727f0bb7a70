#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { addAbortSignal } from "node:stream";
import { text } from "node:stream/consumers";
import type { Io, Out } from "../cli/io.ts";
import { EXIT } from "../cli/exit-codes.ts";
import { run } from "../cli/run.ts";
import { ask } from "./ask.ts";
import { createLocal } from "./local.ts";

/** `opscore`: the command line with this process around it. */

const outOf = (stream: NodeJS.WriteStream): Out => ({
  // A dumb one cannot move its cursor.
  isTty: stream.isTTY && process.env["TERM"] !== "dumb",
  get columns() {
    return stream.columns || 80;
  },
  get rows() {
    return stream.rows || 24;
  },
  write: (words) => void stream.write(words),
});

/** npx hands on a signal that the terminal has sent to us as well: two so close together are one wish. */
const ONE_WISH_MS = 500;

const interrupted = new AbortController();
let since: number | null = null;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    const now = performance.now();
    since ??= now;
    interrupted.abort();
    // The second one does not wait for the end of anything.
    if (now - since > ONE_WISH_MS) process.exit(EXIT.interrupted);
  });
}

// Whoever reads may have seen enough.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? EXIT.ok : EXIT.failure));
}

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  readonly version: string;
};

const io: Io = {
  stdout: outOf(process.stdout),
  stderr: outOf(process.stderr),
  readStdin: () => text(addAbortSignal(interrupted.signal, process.stdin)),
  ask:
    process.stdin.isTTY && process.stderr.isTTY
      ? (question) => ask(question, { input: process.stdin, output: process.stderr, leave: () => interrupted.abort() })
      : null,
  env: process.env,
  folder: process.cwd(),
  version,
  signal: interrupted.signal,
  local: createLocal(process.env),
};

process.exitCode = await run(process.argv.slice(2), io);
// What only looked may still be at it; once all that was printed has been handed on, nothing of it is wanted.
if (process.exitCode === EXIT.interrupted) {
  process.stdout.write("", () => process.stderr.write("", () => process.exit(EXIT.interrupted)));
}
