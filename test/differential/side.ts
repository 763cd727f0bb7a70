import { tickSession } from "../../src/app/advance-session.ts";
import type { Deps } from "../../src/app/deps.ts";
import { createKeyCache } from "../../src/app/keys/key-cache.ts";
import { OpsError } from "../../src/app/ops-error.ts";
import { sweep, tickSafely } from "../../src/app/sweep.ts";
import { parseConfig, type Config } from "../../src/contract/config.ts";
import { assemble } from "../../src/entry/assemble.ts";
import { createApp } from "../../src/http/app.ts";
import { createQueueHints } from "../../src/queue/queue-hints.ts";
import type { Sql } from "../../src/store/sql-port.ts";
import { checkedRequest } from "../support/checked-app.ts";
import { createRandom } from "../sim/random.ts";
import type { CallOut, Command, Dump, RequestCommand, Run, Script, Step } from "./command.ts";
import { dumpOf, emptyTables, tablesOf } from "./dump.ts";
import { AGENTKIT, scriptedCall } from "./outside.ts";

export const API_KEY = "differential-key";
export const WEBHOOK_SECRETS = ["one-secret", "another-secret"] as const;

/** When every script starts (epoch ms). */
export const START = Date.UTC(2026, 10, 22, 8, 0, 0);

/** More deferred work than one command can start. */
const MAX_DEFERRED = 1_000;

/** The real app over one database, in a world where everything else is decided by the seed. */
export interface Side {
  /** Every route of the app, such as `GET /v1/opscore/agents/:agentId`. */
  readonly routes: readonly string[];
  readonly now: () => number;
  /** Runs a command, then the background work it started, one piece after the other. */
  step(command: Command): Promise<Step>;
  dump(): Promise<Dump>;
}

const configOf = (seed: string): Config => {
  const dispatch = createRandom(`${seed}/config`).pick(["auto", "auto", "direct", "agentkit"]);
  const parsed = parseConfig(
    {
      AGENTKIT_API_URL: AGENTKIT,
      AGENTKIT_API_KEY: "agentkit-key",
      OPSCORE_ALLOW_UNSIGNED_WEBHOOKS: "true",
      OPSCORE_DISPATCH: dispatch,
      OPSCORE_SECRET_TOKEN: "one-api-token",
      OPSCORE_KEY_PEPPER: "a-pepper-of-both-sides",
      OPSCORE_WEBHOOK_SECRET: WEBHOOK_SECRETS.join(","),
    },
    "node",
  );
  if (!parsed.ok) throw new Error(parsed.problems.join("; "));
  return parsed.config;
};

const settingsOf = (config: Config): Parameters<typeof createApp>[1] => ({
  auth: {
    apiKey: API_KEY,
    setup: "",
    keys: { peppers: config.keyPeppers, environment: config.keyEnvironment, setup: "", cache: createKeyCache() },
  },
  webhook: { secrets: config.webhookSecrets, allowUnsigned: config.allowUnsignedWebhooks },
  accepting: () => true,
});

/** How a side asks its app. */
type Ask = (app: ReturnType<typeof createApp>, path: string, init: RequestInit) => Response | Promise<Response>;

/** The app of a script's world over `sql`, whose tables are emptied first. Answers must be as the contract says. */
export const openSide = async (sql: Sql, seed: string, request: Ask = checkedRequest): Promise<Side> => {
  const tables = await tablesOf(sql);
  await emptyTables(sql, tables);
  const config = configOf(seed);
  const entropy = createRandom(`${seed}/entropy`);
  let now = START;
  let deferred: (() => Promise<void>)[] = [];
  let callsOut: CallOut[] = [];
  let messages: { sessionId: string; delaySeconds: number }[] = [];
  let log: string[] = [];
  const clock = { now: () => now };
  const logger: Deps["log"] = {
    log: (level, message, { stack: _, ...fields } = {}) => log.push(`${level} ${message} ${JSON.stringify(fields)}`),
  };
  const call = scriptedCall(seed, (made) => callsOut.push(made));
  const queue = {
    sendBatch: (batch: { body: { sessionId: string }; delaySeconds?: number }[]) => {
      messages.push(...batch.map(({ body, delaySeconds = 0 }) => ({ ...body, delaySeconds })));
      return Promise.resolve();
    },
  };
  // What runs at the same time runs in the order of the machine's mood, so here nothing does.
  const drain = async (): Promise<void> => {
    for (let done = 0; deferred.length > 0; done += 1) {
      if (done > MAX_DEFERRED) throw new Error("background work begets background work without end");
      await deferred.shift()?.();
    }
  };
  const start = () => {
    const deps = assemble(config, {
      sql,
      call,
      clock,
      log: logger,
      entropy: { bytes: (length) => Uint8Array.from({ length }, () => entropy.int(256)) },
      defer: { defer: (work) => void deferred.push(work) },
      hints: createQueueHints(queue, clock, logger),
    });
    return { deps, app: createApp(deps, settingsOf(config)) };
  };
  let { deps, app } = start();

  const ask = async ({ method, path, headers, body }: RequestCommand): Promise<Step["answer"]> => {
    const type: Record<string, string> = body === null ? {} : { "Content-Type": "application/json" };
    const init: RequestInit = { method, headers: { Authorization: `Bearer ${API_KEY}`, ...type, ...headers } };
    const response = await request(app, path, body === null ? init : { ...init, body });
    const sorted = [...response.headers].toSorted(([a], [b]) => (a < b ? -1 : 1));
    return { status: response.status, headers: sorted, body: await response.text() };
  };

  /** As the Worker's queue consumer does it. */
  const consume = async (sessionId: string): Promise<void> => {
    try {
      await tickSession(deps, sessionId);
    } catch (error) {
      if (error instanceof OpsError && error.code === "store_unavailable") throw error;
      await tickSafely(deps, sessionId);
    }
  };

  return {
    routes: app.routes.filter(({ method }) => method !== "ALL").map(({ method, path }) => `${method} ${path}`),
    now: () => now,
    dump: () => dumpOf(sql, tables),
    step: async (command) => {
      let answer: Step["answer"] = null;
      let swept: Step["swept"] = null;
      switch (command.kind) {
        case "request":
          answer = await ask(command);
          break;
        case "advance":
          now += command.ms;
          break;
        case "sweep":
          swept = await sweep(deps, command);
          break;
        case "deliver":
          await consume(command.sessionId);
          break;
        case "restart":
          ({ deps, app } = start());
          break;
      }
      await drain();
      const step = { answer, swept, callsOut, messages, log };
      [deferred, callsOut, messages, log] = [[], [], [], []];
      return step;
    },
  };
};

/** What is played again is compared with answers that were checked; and a planted fault may well break them. */
const unchecked: Ask = (app, path, init) => app.request(path, init);

/** Runs a script that is written already. `dumpEach`: dump after each command and not only after the last. */
export const replay = async (sql: Sql, { seed, commands }: Script, dumpEach = false): Promise<Run> => {
  const side = await openSide(sql, seed, unchecked);
  const steps: Step[] = [];
  const dumps: Dump[] = [];
  for (const command of commands) {
    steps.push(await side.step(command));
    if (dumpEach) dumps.push(await side.dump());
  }
  if (!dumpEach) dumps.push(await side.dump());
  return { steps, dumps };
};
