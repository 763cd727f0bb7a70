/**
 * Builds what `npm pack` takes: `dist/sdk`, JavaScript and declarations of `ops-core/sdk` and `ops-core/sdk/agent`. The
 * declarations of the contract are written from its schemas into one file, so that no type needs zod.
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type * as z from "zod";
import { ERROR_CODES, faultSchema } from "../src/contract/problem.ts";
import { declareAnswers } from "./declare-answers.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const target = join(root, "dist/sdk");
const answers = join(root, "src/contract/answers");

const entries = ["index", "agent"];

const isSchema = (value: unknown): value is z.ZodType => typeof value === "object" && value !== null && "_zod" in value;

/** The schema of every answer, by the name of its type. */
const answerSchemas = async (): Promise<ReadonlyMap<string, z.ZodType>> => {
  const found = new Map<string, z.ZodType>([["Fault", faultSchema]]);
  for (const file of readdirSync(answers).toSorted()) {
    const exported = (await import(join(answers, file))) as Record<string, unknown>;
    for (const [name, value] of Object.entries(exported)) {
      if (name.endsWith("Answer") && isSchema(value)) found.set(`${name[0]?.toUpperCase()}${name.slice(1)}`, value);
    }
  }
  return found;
};

/** Modules that are needed from here on, by the relative imports in their text. */
const reached = (folder: string, ending: string): ReadonlySet<string> => {
  const todo = [...entries];
  const seen = new Set(todo);
  for (let name = todo.pop(); name !== undefined; name = todo.pop()) {
    const text = readFileSync(join(folder, `${name}${ending}`), "utf8");
    for (const [, other = ""] of text.matchAll(/from "\.\/([\w-]+)\.(?:js|ts)"/g)) {
      if (!seen.has(other)) todo.push(other);
      seen.add(other);
    }
  }
  return seen;
};

const build = async (): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), "opscore-build-"));
  const flags = ["--noEmit", "false", "--declaration", "--stripInternal", "--rewriteRelativeImportExtensions"];
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const project = ["-p", join(root, "scripts/tsconfig.sdk.json"), "--rootDir", join(root, "src"), "--outDir", folder];
  execFileSync(process.execPath, [tsc, ...project, ...flags], { stdio: "inherit" });
  rmSync(target, { recursive: true, force: true });
  const made = join(folder, "sdk");
  for (const name of reached(made, ".js")) cpSync(join(made, `${name}.js`), join(target, `${name}.js`));
  for (const name of reached(made, ".d.ts")) {
    const text = readFileSync(join(made, `${name}.d.ts`), "utf8")
      .replaceAll(/(["'])\.\.\/contract\/[\w/-]+\.(?:js|ts)\1/g, '"./contract.js"')
      .replaceAll(/(["']\.\/[\w-]+)\.ts(["'])/g, "$1.js$2");
    writeFileSync(join(target, `${name}.d.ts`), text);
  }
  const codes = ERROR_CODES.map((code) => JSON.stringify(code)).join(" | ");
  const declared = [
    `export type ErrorCode = ${codes};\n`,
    "/** A page of a list. */\nexport interface PageAnswer<T> {\n  readonly data: readonly T[];\n  readonly nextCursor: string | null;\n}\n",
    declareAnswers(await answerSchemas()),
  ];
  writeFileSync(join(target, "contract.d.ts"), declared.join("\n"));
  rmSync(folder, { recursive: true });
};

await build();
