#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { text } from "node:stream/consumers";
import type { Io, Out } from "../cli/io.ts";
import { EXIT } from "../cli/exit-codes.ts";
import { run } from "../cli/run.ts";
import { createLocal } from "./local.ts";

/** `opscore`: the command line with this process around it. */

const outOf = (stream: NodeJS.WriteStream): Out => ({
  isTty: stream.isTTY,
  get columns() {
    return stream.columns || 80;
  },
  write: (words) => void stream.write(words),
});

const ask = async (question: string): Promise<string> => {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await lines.question(question);
  } finally {
    lines.close();
  }
};

const interrupted = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  // The second one does not wait for the end of anything.
  process.on(signal, () => (interrupted.signal.aborted ? process.exit(EXIT.interrupted) : interrupted.abort()));
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
  readStdin: () => text(process.stdin),
  ask: process.stdin.isTTY && process.stderr.isTTY ? ask : null,
  env: process.env,
  folder: process.cwd(),
  version,
  signal: interrupted.signal,
  local: createLocal(process.env),
};

process.exitCode = await run(process.argv.slice(2), io);
