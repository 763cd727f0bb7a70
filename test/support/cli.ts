import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Io, Out } from "../../src/cli/io.ts";
import type { Local } from "../../src/cli/local.ts";
import { run } from "../../src/cli/run.ts";
import { createOpsCore, type Fetch, type Seams } from "../../src/sdk/index.ts";
import { worldsOf } from "./api.ts";
import { nodePlatform } from "./node-platform.ts";
import { callInto, fetchOf, quickSeams } from "./sdk.ts";
import { API_KEY, type Platform, type World, type WorldOptions } from "./world.ts";

/** How a command line ended. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** What is around a command line; what is left out is as it is in a pipe. */
export interface Around {
  readonly env?: Readonly<Record<string, string>>;
  readonly folder?: string;
  readonly stdin?: string;
  readonly tty?: boolean;
  readonly answer?: string;
  readonly fetch?: Fetch;
  readonly seams?: Seams;
  readonly signal?: AbortSignal;
  readonly local?: Partial<Local>;
  readonly version?: string;
}

/** A folder for one test, without any settings, gone when it ends. */
export const emptyFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "opscore-cli-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

const noLocal = new Proxy(
  {},
  { get: (_, name) => () => Promise.reject(new Error(`no ${String(name)} here`)) },
) as Local;

/** Runs a command line in this process. */
export const runCli = async (argv: readonly string[], around: Around = {}): Promise<Ran> => {
  const { env = {}, stdin = "", tty = false, answer, fetch, seams, signal = new AbortController().signal } = around;
  const text = { out: "", err: "" };
  const into = (name: "out" | "err"): Out => ({
    isTty: tty,
    columns: 100,
    rows: 30,
    write: (words) => {
      text[name] += words;
    },
  });
  const io: Io = {
    stdout: into("out"),
    stderr: into("err"),
    readStdin: () => Promise.resolve(stdin),
    ask:
      answer === undefined
        ? null
        : (question) => {
            text.err += question;
            return Promise.resolve(answer);
          },
    env,
    folder: around.folder ?? "/nonexistent",
    version: around.version ?? "0.1.0",
    signal,
    local: { ...noLocal, ...around.local },
    ...(fetch === undefined ? {} : { fetch }),
    ...(seams === undefined ? {} : { seams }),
  };
  return { code: await run(argv, io), ...text };
};

/** What an agent makes of a task, by its `taskId`: an output, or a failure. Nothing said: it stays silent. */
export type Outcomes = Readonly<Record<string, { readonly output: unknown } | { readonly message: string }>>;

export interface CliWorld {
  readonly world: World;
  /** Runs a command line against the world, with its key; every look at it lets it go on. */
  readonly cli: (argv: readonly string[], around?: Around) => Promise<Ran>;
  /** Lets the agent settle what it was sent. */
  readonly settle: () => Promise<void>;
}

/** Opens worlds that command lines run against, in this process and with a clock that waits move. */
export const cliWorlds = (): ((outcomes?: Outcomes, options?: WorldOptions, on?: Platform) => Promise<CliWorld>) => {
  const open = worldsOf(nodePlatform);
  return async (outcomes = {}, options = {}, on = nodePlatform) => {
    const sent: { readonly task_name: string; readonly opscore_task_id: string }[] = [];
    const call = callInto(async (request) => {
      sent.push((await request.json()) as (typeof sent)[number]);
      return Response.json({});
    });
    const world = await open({ call, ...options }, on);
    const agent = createOpsCore({ baseUrl: "http://localhost", apiKey: API_KEY, fetch: fetchOf(world) });
    const settle = async (): Promise<void> => {
      for (const task of sent.splice(0)) {
        const outcome = outcomes[task.task_name];
        if (outcome === undefined) continue;
        if ("output" in outcome) await agent.tasks.complete(task.opscore_task_id, { output: outcome.output });
        else {
          const error = { code: "agent_failed", message: outcome.message, retryable: false };
          await agent.tasks.fail(task.opscore_task_id, { error });
        }
      }
      await world.flush();
    };
    const seams = quickSeams(world, async () => {
      await world.sweep();
      await settle();
    });
    const cli: CliWorld["cli"] = async (argv, around = {}) => {
      const env = { OPSCORE_API_KEY: API_KEY, ...around.env };
      const ran = await runCli(argv, { fetch: fetchOf(world), seams, ...around, env });
      await world.flush();
      return ran;
    };
    return { world, cli, settle };
  };
};

/**
 * The text of a run with everything random made the same every time, and as long as it was: ids by the order in which
 * they appear, digests and cursors by nothing.
 */
export const createMask = (): ((text: string) => string) => {
  const ids = new Map<string, string>();
  const numbered = (id: string): string => {
    if (!ids.has(id)) ids.set(id, String(ids.size + 1).padStart(id.length, "0"));
    return ids.get(id) ?? "";
  };
  return (text) =>
    text
      .replaceAll(/(?<=\b(?:ses_|tsk_|sch_|key_))[0-9A-Z]{20,28}/g, numbered)
      .replaceAll(/\b[0-9a-f]{64}\b/g, "f".repeat(64))
      .replaceAll(/\bopsk_\w+/g, "opsk_SECRET")
      .replaceAll(/\breq_[0-9a-f]+/g, "req_000000000000")
      .replaceAll(/(?<="nextCursor": ?")[^"]+/g, "CURSOR")
      .replaceAll(/(?<=--cursor )\S+/g, "CURSOR");
};

/** A run as it is kept: the command, stdout as it is, stderr behind `!`, and the exit code. */
export const transcript = (argv: readonly string[], { code, out, err }: Ran): string => {
  const words = argv.map((word) => (/^[\w./:=,@-]+$/.test(word) ? word : `'${word}'`)).join(" ");
  const said = err === "" ? "" : err.replace(/\n$/, "").replaceAll(/^/gm, "! ") + "\n";
  return `$ opscore ${words}\n${out}${said}= ${code}\n`;
};
