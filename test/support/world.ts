import { createAgentGateway } from "../../src/agentkit/gateway.ts";
import type { HttpCall } from "../../src/agentkit/http-call.ts";
import { createTaskCaller } from "../../src/agentkit/task-caller.ts";
import { createWebhookSender } from "../../src/agentkit/webhook-sender.ts";
import type { Deps } from "../../src/app/deps.ts";
import { createGraphCache } from "../../src/app/graph-cache.ts";
import { createKeyCache } from "../../src/app/keys/key-cache.ts";
import type { Hint, Log } from "../../src/app/ports.ts";
import { sweep } from "../../src/app/sweep.ts";
import { createTurns } from "../../src/app/turns.ts";
import { cronerCalendar } from "../../src/calendar/croner-calendar.ts";
import { createApp } from "../../src/http/app.ts";
import type { Sql } from "../../src/store/sql-port.ts";
import { createStore } from "../../src/store/store.ts";
import { checkedRequest } from "./checked-app.ts";

/** What differs by platform: a fresh, migrated database and a way to call out. Suites are bound to one in a few lines. */
export interface Platform {
  readonly name: "libsql" | "d1";
  /** A fresh, empty, migrated database. */
  openSql(): Promise<{ readonly sql: Sql; close(): Promise<void> }>;
  /** Real HTTP to the outside. */
  readonly call: HttpCall;
}

export interface Counts {
  /** Batches sent to the database. */
  roundTrips: number;
  /** Rows written as D1 bills them; 0 on libSQL, which does not say. */
  rowsWritten: number;
}

export interface WorldOptions {
  /** Epoch ms at which the world starts. */
  readonly now?: number;
  /** Calls out; default: nothing can be reached. */
  readonly call?: HttpCall;
  readonly mode?: "auto" | "direct" | "agentkit";
  readonly egress?: "public" | "local";
  readonly agentKitUrl?: string;
  readonly webhookSecrets?: readonly string[];
  readonly allowUnsigned?: boolean;
  readonly apiKey?: string | null;
  /** What the HMACs of keys are made with; default: one. */
  readonly peppers?: readonly string[];
  /** How long a call out may take, in real time: it is the one clock a test cannot step. */
  readonly callTimeoutMs?: number;
  /** What definitions may refer to. */
  readonly secrets?: ReadonlyMap<string, string>;
  /** Which calls are left to the queue consumer; default: none, as on Node. */
  readonly callLimits?: Deps["callLimits"];
  /** The test damages what is stored: then a 500 is no bug. */
  readonly torn?: boolean;
  /** How a stale writer rests before it tries again; default: not at all. */
  readonly rest?: Deps["rest"];
  /** Collects log lines. */
  readonly log?: Log;
}

export const API_KEY = "test-api-key";

/** How the keys of a world are made; each world has its own cache. */
export const KEYS = { peppers: ["test-pepper-0123456789"], environment: "test", setup: "set the pepper" } as const;

export interface World {
  readonly deps: Deps;
  readonly sql: Sql;
  readonly clock: { now(): number; set(now: number): void; advance(ms: number): void };
  readonly counts: Counts;
  readonly hints: Hint[];
  /** A request with the key; a body that is no string is sent as JSON. `headers` win; `null` removes one. */
  request(
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string | null>>,
  ): Promise<Response>;
  /** Lets background work (dispatches, wake-ups) run until none is left. */
  flush(): Promise<void>;
  /** One sweep, then `flush`. */
  sweep(): Promise<void>;
  /** Steps the clock from deadline to deadline, sweeping at each, until `ms` have passed. */
  pass(ms: number): Promise<void>;
  close(): Promise<void>;
}

export const unreachableCall: HttpCall = () =>
  Promise.resolve({ kind: "unreachable", reason: "refused the connection" });

/** The real app, use cases, store and gateway over a real database, with a clock the test steps. */
export const createWorld = async (platform: Platform, options: WorldOptions = {}): Promise<World> => {
  const opened = await platform.openSql();
  const counts: Counts = { roundTrips: 0, rowsWritten: 0 };
  const sql: Sql = {
    batch: async (statements, mode, withinMs) => {
      counts.roundTrips += 1;
      const results = await opened.sql.batch(statements, mode, withinMs);
      for (const result of results) counts.rowsWritten += result.rowsWritten ?? 0;
      return results;
    },
  };
  let now = options.now ?? Date.UTC(2026, 10, 22, 8, 0, 0);
  const clock = {
    now: () => now,
    set: (value: number) => {
      now = value;
    },
    advance: (ms: number) => {
      now += ms;
    },
  };
  const running = new Set<Promise<void>>();
  const hints: Hint[] = [];
  const outside = {
    call: options.call ?? unreachableCall,
    agentKitUrl: options.agentKitUrl ?? "http://agentkit.test/v1",
    egress: options.egress ?? "local",
    now: clock.now,
  };
  const deps: Deps = {
    store: createStore(sql),
    gateway: createAgentGateway({
      ...outside,
      mode: options.mode ?? "auto",
      ...(options.callTimeoutMs === undefined ? {} : { timeoutMs: options.callTimeoutMs }),
    }),
    calls: createTaskCaller({ ...outside, agentKitApiKey: null, secrets: options.secrets ?? new Map() }),
    webhooks: createWebhookSender({
      ...outside,
      ...(options.callTimeoutMs === undefined ? {} : { timeoutMs: options.callTimeoutMs }),
    }),
    ...(options.callLimits === undefined ? {} : { callLimits: options.callLimits }),
    // As the servers do: where one process is all that writes, commands on one session go in turn.
    ...(platform.name === "libsql" ? { turns: createTurns() } : {}),
    ...(options.rest === undefined ? {} : { rest: options.rest }),
    clock,
    entropy: { bytes: (length) => crypto.getRandomValues(new Uint8Array(length)) },
    defer: {
      defer: (work) => {
        const promise = work().finally(() => running.delete(promise));
        running.add(promise);
      },
    },
    hints: {
      send: (sent) => {
        hints.push(...sent);
        return Promise.resolve();
      },
    },
    log: options.log ?? { log: () => undefined },
    graphs: createGraphCache(),
    calendar: cronerCalendar,
  };
  const app = createApp(deps, {
    auth: {
      apiKey: options.apiKey === undefined ? API_KEY : options.apiKey,
      setup: "set the key",
      keys: { ...KEYS, peppers: options.peppers ?? KEYS.peppers, cache: createKeyCache() },
    },
    webhook: { secrets: options.webhookSecrets ?? [], allowUnsigned: options.allowUnsigned ?? true },
    accepting: () => true,
  });
  const flush = async (): Promise<void> => {
    while (running.size > 0) await Promise.all(running);
  };
  const sweepAll = async (): Promise<void> => {
    await sweep(deps, { own: 500, limit: 500 });
    await flush();
  };
  return {
    deps,
    sql,
    clock,
    counts,
    hints,
    request: async (method, path, body, headers = {}) => {
      const all: Record<string, string | null> = {
        Authorization: `Bearer ${API_KEY}`,
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        ...headers,
      };
      const sent = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== null);
      const init: RequestInit = { method, headers: sent };
      if (body !== undefined) init.body = typeof body === "string" ? body : JSON.stringify(body);
      return checkedRequest(app, path, init, { torn: options.torn === true });
    },
    flush,
    sweep: sweepAll,
    pass: async (ms) => {
      const end = now + ms;
      for (let steps = 0; steps < 1_000; steps += 1) {
        const next = await deps.store.nextDue();
        if (next === null || next > end) break;
        now = Math.max(now, next);
        await sweepAll();
      }
      now = end;
      await sweepAll();
    },
    close: async () => {
      await flush();
      await opened.close();
    },
  };
};

/** A batch counter for one piece of work. */
export const counted = async <T>(world: World, work: () => Promise<T>): Promise<{ result: T } & Counts> => {
  const before = { ...world.counts };
  const result = await work();
  return {
    result,
    roundTrips: world.counts.roundTrips - before.roundTrips,
    rowsWritten: world.counts.rowsWritten - before.rowsWritten,
  };
};
