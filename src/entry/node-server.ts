import { lookup } from "node:dns";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { getConnInfo } from "@hono/node-server/conninfo";
import { createUndiciCall } from "../agentkit/undici-call.ts";
import type { Deps } from "../app/deps.ts";
import { createFailureLimiter, createKeyLimiter } from "../app/keys/token-bucket.ts";
import { createKeyCache } from "../app/keys/key-cache.ts";
import { createTurns } from "../app/turns.ts";
import type { Clock, Log } from "../app/ports.ts";
import { describeFailure } from "../app/publish.ts";
import { sweep } from "../app/sweep.ts";
import type { Config } from "../contract/config.ts";
import { networkOf } from "../http/middleware/rate-limit.ts";
import { createTokenVerifier } from "../oidc/jose-verifier.ts";
import { createApp } from "../http/app.ts";
import { createTimerHints } from "../queue/node-hints.ts";
import { ANSWER_MS } from "../store/bounded-sql.ts";
import { openLibsql } from "../store/libsql.ts";
import { migrateLibsql } from "../store/migrate-libsql.ts";
import { assemble } from "./assemble.ts";
import { MIGRATIONS } from "./migrations.ts";
import { createNodeDefer } from "./node-defer.ts";
import { systemClock } from "./system.ts";
import type { WriterLock } from "./writer-lock.ts";

const SWEEP_MS = 1_000;
const DRAIN_MS = 15_000;
const BOUNDS = { own: 500, limit: 500 };

export interface RunningServer {
  readonly url: string;
  readonly deps: Deps;
  /**
   * Stops accepting, gives requests and background work 15 s, closes the database and gives up the lock: each even if
   * what came before it threw, which is told at the end. Once: a second call waits for the first.
   */
  stop(): Promise<void>;
}

export interface ServerOptions {
  readonly apiKey: string;
  readonly log: Log;
  /** The right to write to the database, migrations included; `null` where none is needed. Given up by `stop`. */
  readonly lock: WriterLock | null;
  readonly clock?: Clock;
}

const listen = (server: Server, { port, host }: Config): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });

/** Sweeps once a second and whenever a timer fires, never twice at a time. */
const createSweeper = (deps: () => Deps, clock: Clock, log: Log) => {
  const hints = createTimerHints(clock, () => void run());
  let running: Promise<void> | null = null;
  let again = false;
  const once = async (): Promise<void> => {
    do {
      again = false;
      try {
        await sweep(deps(), BOUNDS);
        const next = await deps().store.nextDue();
        if (next !== null) hints.arm(Math.max(next, clock.now() + 10));
      } catch (error) {
        log.log("warn", "a sweep failed", { error: describeFailure(error) });
      }
    } while (again);
  };
  const run = (): Promise<void> => {
    if (running !== null) {
      again = true;
      return running;
    }
    running = once().finally(() => {
      running = null;
    });
    return running;
  };
  const interval = setInterval(() => void run(), SWEEP_MS);
  return {
    hints,
    run,
    stop: async (): Promise<void> => {
      clearInterval(interval);
      hints.stop();
      again = false;
      await running;
    },
  };
};

/** One Node process: API, engine and timers over one libSQL database. */
export const startServer = async (config: Config, options: ServerOptions): Promise<RunningServer> => {
  const { log } = options;
  const clock = options.clock ?? systemClock;
  const database = {
    url: config.databaseUrl,
    ...(config.databaseAuthToken === null ? {} : { authToken: config.databaseAuthToken }),
  };
  await migrateLibsql(database, MIGRATIONS);
  const sql = await openLibsql({ ...database, answerMs: ANSWER_MS });
  const defer = createNodeDefer();
  const sweeper = createSweeper(() => deps, clock, log);
  const assembled = assemble(config, {
    sql,
    call: createUndiciCall({ resolve: lookup }),
    defer,
    hints: sweeper.hints,
    log,
    clock,
  });
  const deps: Deps = { ...assembled, turns: createTurns() };
  let accepting = true;
  const app = createApp(deps, {
    auth: {
      apiKey: options.apiKey,
      setup: "Set OPSCORE_API_KEY and restart.",
      keys: {
        peppers: config.keyPeppers,
        environment: config.keyEnvironment,
        setup: 'Set it and restart: OPSCORE_KEY_PEPPER="$(openssl rand -base64 32)"',
        cache: createKeyCache(),
      },
      ...(config.oidc === null ? {} : { tokens: createTokenVerifier(config.oidc) }),
      limits: {
        keys: config.rateLimit === 0 ? null : createKeyLimiter({ limit: config.rateLimit, windowSeconds: 60 }),
        failures:
          config.failedAuthLimit === 0
            ? null
            : createFailureLimiter({ limit: config.failedAuthLimit, windowSeconds: 60 }),
        addressOf: (c) => {
          const { address } = getConnInfo(c).remote;
          return address === undefined ? null : networkOf(address);
        },
      },
    },
    webhook: { secrets: config.webhookSecrets, allowUnsigned: config.allowUnsignedWebhooks },
    accepting: () => accepting,
  });
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  const server = createServer((request, response) => {
    // The Fetch standard has no Request for these methods.
    if (request.method === "TRACE" || request.method === "CONNECT" || request.method === "TRACK") {
      response.writeHead(405, { Allow: "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT" }).end();
      return;
    }
    void listener(request, response);
  });
  const leave = (): void => {
    try {
      sql.close();
    } finally {
      options.lock?.release();
    }
  };
  const drain = async (): Promise<void> => {
    accepting = false;
    await sweeper.stop();
    const closed = new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
    server.closeIdleConnections();
    const timer = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
    await closed;
    clearTimeout(timer);
    if (!(await defer.drain(DRAIN_MS))) log.log("warn", "background work was left for the next start");
  };
  let stopped: Promise<void> | null = null;
  try {
    await listen(server, config);
  } catch (error) {
    await sweeper.stop();
    sql.close();
    throw error;
  }
  const address = server.address() as AddressInfo;
  const host = address.family === "IPv6" ? `[${address.address}]` : address.address;
  void sweeper.run();
  return {
    url: `http://${host}:${address.port}`,
    deps,
    stop: () => (stopped ??= drain().finally(leave)),
  };
};
