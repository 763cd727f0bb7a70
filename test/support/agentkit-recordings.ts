import { readdirSync, readFileSync } from "node:fs";
import type { Recording } from "./recording.ts";

export type { Recording } from "./recording.ts";

const folder = new URL("../fixtures/wire/", import.meta.url);

export const recording = (name: string): Recording =>
  JSON.parse(readFileSync(new URL(`${name}.json`, folder), "utf8")) as Recording;

export const recordings = (pattern: RegExp): readonly Recording[] =>
  readdirSync(folder)
    .map((file) => file.replace(/\.json$/, ""))
    .filter((name) => pattern.test(name))
    .map(recording);
