import { readdirSync, readFileSync } from "node:fs";

/** One recorded interaction with the real AgentKit; `body_raw` is exactly what was on the wire. */
export interface Recording {
  readonly name: string;
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body_raw: string;
  };
  readonly response: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body_raw: string;
  } | null;
  readonly secret?: string;
}

const folder = new URL("../fixtures/wire/", import.meta.url);

export const recording = (name: string): Recording =>
  JSON.parse(readFileSync(new URL(`${name}.json`, folder), "utf8")) as Recording;

export const recordings = (pattern: RegExp): readonly Recording[] =>
  readdirSync(folder)
    .map((file) => file.replace(/\.json$/, ""))
    .filter((name) => pattern.test(name))
    .map(recording);
