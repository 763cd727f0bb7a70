import { createFetchCall } from "../agentkit/fetch-call.ts";
import type { Deps } from "../app/deps.ts";
import { createGraphCache } from "../app/graph-cache.ts";
import { createKeyCache } from "../app/keys/key-cache.ts";
import { OpsError } from "../app/ops-error.ts";
import { describeFailure } from "../app/publish.ts";
import { tickScheduleSafely } from "../app/schedules/tick-schedule.ts";
import { sweep, tickSafely } from "../app/sweep.ts";
import { takeHint, type HintTaken } from "../app/take-hint.ts";
import { isSessionId } from "../core/ids.ts";
import { parseConfig, type Config } from "../contract/config.ts";
import { createApp } from "../http/app.ts";
import { networkOf } from "../http/middleware/rate-limit.ts";
import { createTokenVerifier } from "../oidc/jose-verifier.ts";
import type { TokenVerifier } from "../app/token-port.ts";
import { problemOf } from "../http/middleware/problem.ts";
import { createQueueHints, type HintMessage, type ScheduleMessage } from "../queue/queue-hints.ts";
import { boundedSql } from "../store/bounded-sql.ts";
import { d1Sql } from "../store/d1.ts";
import { createJsonLog } from "../telemetry/json-log.ts";
import { assemble } from "./assemble.ts";
import { systemClock } from "./system.ts";
import { bindingFailureLimiter, bindingKeyLimiter, type RateLimitBinding } from "./worker-limits.ts";
import { workerCalls, type Invocation } from "./worker-calls.ts";
import { reachable } from "./worker-probe.ts";

export interface Env {
  readonly DB: D1Database;
  readonly HINTS: Queue<HintMessage | ScheduleMessage>;
  /** Calls that outlast a request: in a queue of their own, for they would hold up the other hints. */
  readonly CALLS: Queue<HintMessage | ScheduleMessage>;
  /** How often a key may ask, and how often an address may fail; absent: as often as it likes. */
  readonly KEY_LIMIT?: RateLimitBinding;
  readonly FAILED_AUTH_LIMIT?: RateLimitBinding;
  readonly [name: string]: unknown;
}

const SWEEP_GAP_MS = 5_000;
const TICK_MS = 55_000;
/** D1 takes 1,000 statements an invocation: a tick handles so many sessions itself and hands on the others. */
const BOUNDS = { own: 100, limit: 1_000 };

/** Compiled definitions outlive a request; they never change. */
const graphs = createGraphCache();

/** Keys that passed lately: values, and nothing that a request waits for. */
const keyCache = createKeyCache();

/** Addresses that have failed too often lately, and until when. */
const blocked = new Map<string, number>();

/** What an environment says does not change while it lives: it is read once. */
const configs = new WeakMap<Env, Config>();

const readConfig = (env: Env): Config => {
  const known = configs.get(env);
  if (known !== undefined) return known;
  const parsed = parseConfig(env as Record<string, string | undefined>, "workers");
  if (!parsed.ok) throw new OpsError("not_configured", parsed.problems.join(" "));
  configs.set(env, parsed.config);
  return parsed.config;
};

const depsOf = (env: Env, config: Config, context: ExecutionContext, invocation: Invocation): Deps => {
  const log = createJsonLog({ write: (line) => console.log(line), clock: systemClock, level: config.logLevel });
  const deps = assemble(config, {
    sql: boundedSql(d1Sql(env.DB)),
    call: createFetchCall(fetch, reachable),
    defer: { defer: (work) => context.waitUntil(work()) },
    hints: createQueueHints(env.HINTS, systemClock, log, env.CALLS),
    log,
    graphs,
  });
  return { ...deps, ...workerCalls(deps.calls, invocation) };
};

/** What is read once of a configuration: keys that were fetched are kept in it. */
const verifiers = new WeakMap<Config, TokenVerifier>();

const tokensOf = (config: Config): { readonly tokens?: TokenVerifier } => {
  if (config.oidc === null) return {};
  const tokens = verifiers.get(config) ?? createTokenVerifier(config.oidc);
  verifiers.set(config, tokens);
  return { tokens };
};

/** How many a minute is the binding's to say (`wrangler.toml`); here it is only told to callers. */
const quotaOf = ({ rateLimit }: Config) => ({ limit: rateLimit, windowSeconds: 60 });

const settings = (env: Env, config: Config): Parameters<typeof createApp>[1] => ({
  auth: {
    apiKey: config.apiKey,
    setup: "Set a key of at least 16 characters: npx wrangler secret put OPSCORE_API_KEY",
    keys: {
      peppers: config.keyPeppers,
      environment: config.keyEnvironment,
      setup: "openssl rand -base64 32 | npx wrangler secret put OPSCORE_KEY_PEPPER",
      cache: keyCache,
    },
    ...tokensOf(config),
    limits: {
      keys: config.rateLimit === 0 || !env.KEY_LIMIT ? null : bindingKeyLimiter(env.KEY_LIMIT, quotaOf(config)),
      failures:
        config.failedAuthLimit === 0 || !env.FAILED_AUTH_LIMIT
          ? null
          : bindingFailureLimiter(env.FAILED_AUTH_LIMIT, blocked),
      addressOf: (c) => {
        const address = c.req.header("CF-Connecting-IP");
        return address === undefined ? null : networkOf(address);
      },
    },
  },
  webhook: { secrets: config.webhookSecrets, allowUnsigned: false },
  accepting: () => true,
});

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) > 0;

/** Queues outlive deployments, and people may put things into them: what comes out is looked at. */
const hintIn = (body: unknown): HintTaken | null => {
  if (typeof body !== "object" || body === null) return null;
  if ("scheduleId" in body) return typeof body.scheduleId === "string" ? { scheduleId: body.scheduleId } : null;
  if (!("sessionId" in body)) return null;
  const { sessionId } = body;
  if (typeof sessionId !== "string" || !isSessionId(sessionId)) return null;
  if (!("call" in body)) return { sessionId };
  const { n, attempt } = (body.call ?? {}) as { readonly n?: unknown; readonly attempt?: unknown };
  return isCount(n) && isCount(attempt) ? { sessionId, call: { n, attempt } } : null;
};

/** Once more, what has failed of itself: set aside for a minute if it does again. */
const takeSafely = (deps: Deps, hint: HintTaken | null): Promise<void> =>
  hint !== null && "scheduleId" in hint
    ? tickScheduleSafely(deps, hint.scheduleId)
    : tickSafely(deps, hint?.sessionId ?? "");

/** Work that the handler itself waits for: a call may take longer than `waitUntil` lasts. */
const createAwaited = () => {
  const running = new Set<Promise<void>>();
  return {
    defer: (work: () => Promise<void>): void => {
      const promise = work().finally(() => running.delete(promise));
      running.add(promise);
    },
    done: async (): Promise<void> => {
      while (running.size > 0) await Promise.all(running);
    },
  };
};

const misconfigured = (error: OpsError): Response =>
  Response.json(problemOf(error, "none"), {
    status: error.status,
    headers: { "Content-Type": "application/problem+json", "Retry-After": "60" },
  });

export default {
  fetch(request, env, context) {
    let config: Config;
    try {
      config = readConfig(env);
    } catch (error) {
      if (error instanceof OpsError) return misconfigured(error);
      throw error;
    }
    return createApp(depsOf(env, config, context, "fetch"), settings(env, config)).fetch(request, env, context);
  },

  /**
   * Hints: each names a session to look at, or a call to make. Retried only when the store cannot be reached; what became
   * of a call is its session's business.
   */
  async queue(batch, env, context) {
    const deps = depsOf(env, readConfig(env), context, "queue");
    const awaited = createAwaited();
    for (const message of batch.messages) {
      const hint = hintIn(message.body);
      try {
        if (hint === null) deps.log.log("warn", "a queue message names nothing of ours", { message: message.id });
        else await takeHint("call" in hint ? { ...deps, defer: awaited } : deps, hint);
        message.ack();
      } catch (error) {
        if (error instanceof OpsError && error.code === "store_unavailable") message.retry();
        else {
          await takeSafely(deps, hint);
          message.ack();
        }
      }
    }
    await awaited.done();
  },

  /** The safety net: one tick a minute sweeps every five seconds. */
  async scheduled(_controller, env, context) {
    const deps = depsOf(env, readConfig(env), context, "scheduled");
    const end = systemClock.now() + TICK_MS;
    for (;;) {
      try {
        await sweep(deps, BOUNDS);
      } catch (error) {
        deps.log.log("warn", "a sweep failed", { error: describeFailure(error) });
      }
      if (systemClock.now() + SWEEP_GAP_MS >= end) return;
      await new Promise((resolve) => setTimeout(resolve, SWEEP_GAP_MS));
    }
  },
} satisfies ExportedHandler<Env, HintMessage | ScheduleMessage>;
