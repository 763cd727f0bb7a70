import { AsyncLocalStorage } from "node:async_hooks";
import type { HttpCall } from "../../../src/agentkit/http-call.ts";
import { takeHint } from "../../../src/app/take-hint.ts";
import { createKeyCache } from "../../../src/app/keys/key-cache.ts";
import type { Deps } from "../../../src/app/deps.ts";
import { sweep, tickSafely } from "../../../src/app/sweep.ts";
import { createApp } from "../../../src/http/app.ts";
import type { HintMessage } from "../../../src/queue/queue-hints.ts";
import type { CrashDatabase } from "./database.ts";
import { callers, depsOver } from "./ports.ts";
import { Timeline } from "./timeline.ts";

export const START = Date.UTC(2026, 10, 22, 8, 0, 0);
export const API_KEY = "crash-points-key";
const PEPPERED = { peppers: ["crash-points-pepper"], environment: "crash", setup: "" };
export const SECRET = "crash-points-secret";

/** A worker dies at a port call: `before` it is made, or `after` it had its effect and before its answer came. */
export interface Kill {
  /** Counted from 1. */
  readonly call: number;
  readonly when: "before" | "after";
}

export interface Plan {
  /** Counted from the start of the world. */
  readonly first: Kill;
  /** Counted from the first death: the recovery dies as well. */
  readonly again?: Kill;
}

/** One port call: a crash point before it and one after it. */
export interface Call {
  readonly number: number;
  readonly useCase: string;
  readonly name: string;
  /** Whether it changes anything outside the worker: a read does not. */
  readonly acts: boolean;
  /** The request, delivery or sweep it belongs to, counted. */
  readonly invocation: number;
  /** The functions that were waiting for it. Only where the world looks for them. */
  readonly frames: readonly string[];
}

export interface Settings {
  readonly mode: "auto" | "direct" | "agentkit";
  /** Sessions that a sweep ticks itself; it hands on the others. */
  readonly own: number;
  readonly hints: "delivered" | "lost";
  /** Calls that are left to the queue consumer; absent: none. */
  readonly callLimits?: Deps["callLimits"];
  /** A planted mutant, to see that it is found out. */
  readonly broken?: "split commit" | "audit apart" | "early answer";
  readonly plan?: Plan;
  readonly frames?: boolean;
  readonly agents: HttpCall;
  /** What does not fit together in the database; asked whenever a worker dies. */
  readonly audit: () => Promise<readonly string[]>;
}

interface Worker {
  alive: boolean;
  readonly death: Promise<void>;
  readonly die: () => void;
  readonly deps: Deps;
  readonly app: ReturnType<typeof createApp>;
}

/** A request, a queue delivery or a sweep, with what it does in the background. */
interface Invocation {
  readonly number: number;
  readonly useCase: string;
}

export interface Reply {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

const MINUTE = 60_000;
const SWEEP_GAP_MS = 5_000;
const SWEEPS = 12;
const REDELIVERY_MS = 10_000;

/** What a dead worker's code waits for. */
const never = (): Promise<never> => new Promise<never>(() => undefined);

/**
 * The real app, use cases and store over one database, in virtual time. Each invocation (request, queue delivery,
 * sweep) knows its port calls; all invocations of a worker die with it. The dead worker's code never runs again: its
 * call does not return, and every other call it makes is neither made nor answered.
 */
export class CrashWorld {
  readonly time = new Timeline(START);
  readonly calls: Call[] = [];
  /** The routes that were asked for, as patterns. */
  readonly routes = new Set<string>();
  /** What must not happen in any world. */
  readonly bugs: string[] = [];
  readonly deaths: Call[] = [];
  /** Requests whose senders got no answer. */
  lost = 0;
  readonly #database: CrashDatabase;
  readonly #settings: Settings;
  readonly #errands = new Set<Promise<void>>();
  readonly #background = new Set<{ readonly worker: Worker; readonly done: Promise<void> }>();
  readonly #current = new AsyncLocalStorage<Invocation>();
  #worker: Worker;
  #invocations = 0;
  #armed = true;
  #sinceDeath = 0;
  #drawn = 0;
  #sweptIdle = false;

  constructor(database: CrashDatabase, settings: Settings) {
    this.#database = database;
    this.#settings = settings;
    this.#worker = this.#start();
    const cron = (): void => {
      const worker = this.#worker;
      for (let at = 0; at < SWEEPS; at += 1) this.time.aside(at * SWEEP_GAP_MS, () => this.#sweep(worker));
      this.time.aside(MINUTE, cron);
    };
    this.time.aside(17_000, cron);
  }

  /** A request to whichever worker lives; `null`: the connection broke. */
  async request(useCase: string, request: Request): Promise<Reply | null> {
    let answer: Reply | null = null;
    const worker = this.#worker;
    await this.#invoke(worker, useCase, async ({ app }) => {
      const handled = Promise.resolve(app.fetch(request));
      const early = this.#settings.broken === "early answer" && request.method === "POST";
      const response = early ? Response.json({ status: "success" }, { status: 202 }) : await handled;
      const text = await response.text();
      const body = (text === "" ? {} : JSON.parse(text)) as Record<string, unknown>;
      if (response.status >= 500) this.bugs.push(`${useCase} was answered ${response.status}`);
      await this.#port(worker, "the answer", true, () => {
        answer = { status: response.status, body };
      });
      if (early) await handled;
    });
    if (answer === null) this.lost += 1;
    return answer;
  }

  /** Whether a sweep is what is at work. */
  get isSweeping(): boolean {
    return this.#current.getStore()?.useCase.startsWith("a sweep") === true;
  }

  /** Nobody is killed any more. */
  disarm(): void {
    this.#armed = false;
  }

  /** Does something to the database behind everybody's back. */
  async poison(sql: string): Promise<void> {
    await this.#database.query(sql);
  }

  /** Runs until nobody has anything to do and `isOver` says so; false: it was not over in time. */
  async run(isOver: () => Promise<boolean>, limitMs: number): Promise<boolean> {
    for (;;) {
      if (this.time.isOver && (await isOver())) return true;
      if (!(await this.time.step(START + limitMs))) return false;
      await this.#settled();
    }
  }

  /** What somebody outside does: no time passes until it is done. */
  async errand(work: Promise<void>): Promise<void> {
    this.#errands.add(work);
    await work.finally(() => this.#errands.delete(work));
  }

  /** Background work of live workers and errands, until there are none. */
  async #settled(): Promise<void> {
    for (;;) {
      const live = [...this.#background].filter(({ worker }) => worker.alive).map(({ done }) => done);
      if (live.length + this.#errands.size === 0) return;
      await Promise.race([Promise.all([...live, ...this.#errands]), this.#worker.death]);
    }
  }

  async #invoke(worker: Worker, useCase: string, body: (worker: Worker) => Promise<void>): Promise<void> {
    const invocation = { number: (this.#invocations += 1), useCase };
    await Promise.race([this.#current.run(invocation, body, worker), worker.death]);
  }

  async #sweep(worker: Worker): Promise<void> {
    if (!worker.alive) return;
    const [due] = await this.#database.query(
      `SELECT 1 WHERE EXISTS (SELECT 1 FROM sessions WHERE due_at <= ?1) OR EXISTS (SELECT 1 FROM waiting_tasks)
        OR EXISTS (SELECT 1 FROM schedules WHERE next_at <= ?1)
        OR EXISTS (SELECT 1 FROM webhook_deliveries WHERE next_at <= ?1)
        OR EXISTS (SELECT 1 FROM webhooks WHERE cursor < (SELECT max(pos) FROM log))`,
      this.time.now,
    );
    // Sweeps that find nothing are alike: one of them is enough.
    if (due === undefined && this.#sweptIdle) return;
    this.#sweptIdle = true;
    await this.#invoke(worker, due === undefined ? "a sweep that finds nothing" : "a sweep", async ({ deps }) => {
      await sweep(deps, { own: this.#settings.own, limit: 1_000 });
    });
  }

  async #consume(message: HintMessage): Promise<void> {
    let isAcknowledged = false;
    await this.#invoke(this.#worker, "a queue delivery", async (worker) => {
      const { deps } = worker;
      try {
        await takeHint(deps, message);
      } catch {
        await tickSafely(deps, message.sessionId);
      }
      await this.#port(worker, "queue acknowledge", true, () => {
        isAcknowledged = true;
      });
    });
    if (!isAcknowledged) this.time.aside(REDELIVERY_MS, () => this.#consume(message));
  }

  async #port<T>(worker: Worker, name: string, acts: boolean, effect: () => T | Promise<T>): Promise<T> {
    if (!worker.alive) return never();
    const { useCase, number: invocation } = this.#current.getStore()!; // nothing calls out by itself
    const frames = this.#settings.frames === true ? callers() : [];
    const call: Call = { number: this.calls.length + 1, useCase, name, acts, invocation, frames };
    this.calls.push(call);
    const when = this.#dueDeath(call.number);
    if (when === "before") await this.#kill(worker, call);
    if (!worker.alive) return never();
    let outcome: { readonly value: T } | { readonly error: unknown };
    try {
      outcome = { value: await effect() };
    } catch (error) {
      outcome = { error };
    }
    if (when === "after") await this.#kill(worker, call);
    if (!worker.alive) return never();
    if ("error" in outcome) throw outcome.error;
    return outcome.value;
  }

  #dueDeath(number: number): Kill["when"] | null {
    const { plan } = this.#settings;
    if (plan === undefined || !this.#armed) return null;
    const kill = this.deaths.length === 0 ? plan.first : plan.again;
    const at = this.deaths.length === 0 ? number : (this.#sinceDeath += 1);
    return this.deaths.length < 2 && kill?.call === at ? kill.when : null;
  }

  async #kill(worker: Worker, call: Call): Promise<void> {
    if (!worker.alive) return;
    this.deaths.push(call);
    worker.alive = false;
    for (const fault of await this.#settings.audit()) this.bugs.push(`at the death: ${fault}`);
    this.#worker = this.#start();
    worker.die();
  }

  #note(level: string, message: string, fields: object): void {
    const useCase = this.#current.getStore()?.useCase ?? "";
    if (message === "request") {
      const { method, route } = fields as { readonly method: string; readonly route: string };
      this.routes.add(`${method} ${route}`);
    }
    // Set aside on purpose: see `poison`.
    const isKnown = message === "a session could not be advanced" || message === "a schedule could not be fired";
    if (level === "error" && !isKnown) this.bugs.push(`${useCase}: ${message} ${JSON.stringify(fields)}`);
  }

  #start(): Worker {
    let die: () => void = () => undefined;
    const death = new Promise<void>((resolve) => {
      die = resolve;
    });
    const deps = depsOver((name, acts, effect) => this.#port(worker, name, acts, effect), {
      ...this.#settings,
      sql: this.#database.sql,
      now: () => this.time.now,
      draw: () => (this.#drawn += 1),
      defer: (work) => {
        const entry = { worker, done: work().finally(() => this.#background.delete(entry)) };
        this.#background.add(entry);
      },
      deliver: (message, delayMs) => this.time.aside(delayMs, () => this.#consume(message)),
      log: (level, message, fields = {}) => this.#note(level, message, fields),
    });
    const app = createApp(deps, {
      auth: { apiKey: API_KEY, setup: "", keys: { ...PEPPERED, cache: createKeyCache() } },
      webhook: { secrets: [SECRET], allowUnsigned: false },
      accepting: () => true,
    });
    const worker: Worker = { alive: true, death, die, deps, app };
    return worker;
  }
}
