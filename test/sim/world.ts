// Length: one class: network, queue, cron and workers of a schedule share its fault plan and its clock.
import { createGraphCache, type GraphCache } from "../../src/app/graph-cache.ts";
import type { BodyFault, HttpOutcome, HttpRequest } from "../../src/agentkit/http-call.ts";
import type { HintMessage } from "../../src/queue/queue-hints.ts";
import { createChecker, perVersion, type Checker, type Violation } from "./checker.ts";
import type { SimDatabase } from "./database.ts";
import { workOf } from "../../src/core/session/facts.ts";
import type { OpenTask, SessionState } from "../../src/core/session/state.ts";
import type { Timeouts } from "../../src/core/workflow/definition.ts";
import { isCalm, noFaults, type FaultPlan } from "./faults.ts";
import { createRandom, type Random } from "./random.ts";
import { Scheduler } from "./scheduler.ts";
import { SimServices } from "./services.ts";
import { SIM_KEY, startSimWorker, type SimWorker } from "./sim-worker.ts";

/** `spoilt`: the body did not come as it was sent. */
export type Answer = (
  status: number,
  body: string,
  headers?: Record<string, string>,
  spoilt?: { readonly fault: BodyFault; readonly truncated: boolean },
) => void;

/** Somebody outside that can be called: an agent, AgentKit, or a service. `null`: nothing listens. */
export interface Outside {
  /** `answer` may be called later, or never. */
  receive(path: string, body: string, answer: Answer, request: HttpRequest): void;
}

/** What came back to a client of ours; `null`: nothing within its time-out. */
export type Reply = { readonly status: number; readonly json: unknown } | null;

export interface Stats {
  batches: number;
  requests: number;
  dispatches: number;
  faults: Record<string, number>;
}

const CLIENT_TIMEOUT_MS = 10_000;
export const SIM_START = Date.UTC(2026, 10, 22, 8, 0, 0);

/** The world of one schedule: workers, network, queue, cron. Agents and operators act on it. */
export class SimWorld {
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly db: SimDatabase;
  readonly checker: Checker;
  readonly graphs: GraphCache = createGraphCache();
  readonly mode: "auto" | "direct" | "agentkit";
  readonly stats: Stats = { batches: 0, requests: 0, dispatches: 0, faults: {} };
  readonly hosts = new Map<string, Outside | null>();
  readonly lines: string[] = [];
  readonly bugs: Violation[] = [];
  /** Attempts that an agent has called over, truly or not. */
  readonly spoken = new Set<string>();
  /**
   * When (µs, its own clock) an agent that sends no ids has finished something: its word may be taken for any task
   * that it was given before. `null`: it lies, and whatever it says may be taken.
   */
  readonly finished = new Map<string, number[] | null>();
  /** Attempts that any agent was given, for those who speak of what is not theirs. */
  readonly given: string[] = [];
  readonly services: SimServices;
  /** Whether long calls are left to the queue, as on Workers. */
  readonly handsOn: boolean;
  /** What people have said of a session, by the session and the verb: the marks of their words, and "". */
  readonly words = new Map<string, Set<string>>();
  /** Kinds of things that have happened. */
  readonly seen = new Set<string>();
  readonly plan: FaultPlan;
  faults: FaultPlan;
  /** Called after every batch that may have written. */
  onWrite: () => void = () => undefined;
  /** After so many batches there is a deploy. */
  readonly deployAt = new Set<number>();
  workers: SimWorker[] = [];
  /** From when nothing fails any more, or from the start of a quiet schedule (virtual time); else `null`. */
  calmSince: number | null = null;
  readonly #gone = new Map<string, number>();
  readonly #orphans = new Map<string, number>();
  /** How often the call of an attempt has gone out. */
  readonly #called = new Map<string, number>();
  readonly #size: number;
  readonly #net: Random;
  #named = 0;
  #skipUntil = 0;
  #foundNothingAt = -1;
  readonly #timers: () => {
    readonly minDue: number | null;
    readonly waiting: boolean;
    readonly freed: boolean;
    readonly missed: boolean;
  };

  constructor(
    seed: string,
    db: SimDatabase,
    plan: FaultPlan,
    settings: { mode: "auto" | "direct" | "agentkit"; workers: number },
  ) {
    this.random = createRandom(seed);
    const keys = this.random.fork("order");
    this.#net = this.random.fork("network");
    this.scheduler = new Scheduler(
      SIM_START,
      () => keys.next(),
      (error) => this.bug(error instanceof Error ? (error.stack ?? error.message) : String(error), "a process broke"),
    );
    this.db = db;
    this.plan = plan;
    this.checker = createChecker(db, this.graphs, {
      spoken: (attemptId, agentId, afterMicros) => {
        const finished = this.finished.get(agentId);
        if (finished === undefined) return this.spoken.has(attemptId);
        if (finished === null) return true;
        const at = finished.findIndex((micros) => micros > afterMicros);
        if (at >= 0) finished.splice(at, 1);
        return at >= 0;
      },
      served: (mark) => this.services.answered.has(mark),
      said: (sessionId, verb, word) => this.words.get(`${sessionId} ${verb}`)?.has(word ?? "") === true,
      calm: () => this.calmSince === SIM_START && plan.deploys === 0 && plan.skewMs === 0 && plan.latencyMs <= 30,
      skewMs: plan.skewMs + (plan.clockJump > 0 ? 60_000 : 0),
    });
    this.#timers = perVersion(this.checker, () => {
      const [row] = db.query(
        `SELECT (SELECT min(due_at) FROM sessions) AS due, (SELECT min(next_at) FROM schedules) AS fire,
          EXISTS (SELECT 1 FROM schedules WHERE waits_for IS NOT NULL) AS freed,
          EXISTS (SELECT 1 FROM waiting_tasks) AS waiting, EXISTS (SELECT 1 FROM agents WHERE missed_at IS NOT NULL) AS missed`,
      );
      const due = [row?.["due"], row?.["fire"]].filter((at) => typeof at === "number");
      return {
        minDue: due.length === 0 ? null : Math.min(...due),
        waiting: row?.["waiting"] === 1,
        freed: row?.["freed"] === 1,
        missed: row?.["missed"] === 1,
      };
    });
    this.faults = plan;
    this.services = new SimServices(this);
    this.handsOn = this.random.fork("calls").chance(0.5);
    this.mode = settings.mode;
    this.#size = settings.workers;
    for (let i = 0; i < this.#size; i += 1) this.#start();
    if (isCalm(plan)) this.calmSince = this.scheduler.now;
    this.#cron();
  }

  /** Something of a kind that must occur in every long run. */
  saw(kind: string): void {
    this.seen.add(kind);
  }

  trace(line: string): void {
    this.lines.push(`${((this.scheduler.now - SIM_START) / 1_000).toFixed(3).padStart(10)} ${line}`);
  }

  /** An agent that sends no ids has finished something (µs, its own clock). */
  finish(agentId: string, micros: number): void {
    const known = this.finished.get(agentId);
    if (known !== null) this.finished.set(agentId, [...(known ?? []), micros]);
  }

  /** Something is wrong at once; `promise`: the one that is broken, else that no input causes a 5xx. */
  bug(message: string, promise = "P12"): void {
    this.bugs.push({ promise, message });
    this.trace(`BUG ${promise} ${message}`);
  }

  fault(name: string, where: string): void {
    this.stats.faults[name] = (this.stats.faults[name] ?? 0) + 1;
    this.trace(`fault ${name} at ${where}`);
  }

  /** Faults stop here; what is dead stays dead until its restart. */
  heal(): void {
    this.trace("faults stop");
    this.faults = noFaults(this.plan);
    this.#skipUntil = 0;
    this.deployAt.clear();
    this.calmSince ??= this.scheduler.now;
    this.services.heal();
    for (const worker of this.workers.filter(({ alive, offsetMs }) => !alive || offsetMs !== 0)) this.#replace(worker);
  }

  /** All that the live workers have under way. */
  get inFlight(): number {
    return this.workers.reduce((sum, worker) => sum + (worker.alive ? worker.inFlight : 0), 0);
  }

  timeoutsOf(state: SessionState, task: Pick<OpenTask, "taskId" | "item">): Timeouts {
    const { workflowId, revision, hash } = state.definition;
    const [row] = this.db.query(
      "SELECT body FROM workflows WHERE workflow_id = ? AND revision = ? AND hash = ?", workflowId, revision, hash,
    ); // prettier-ignore
    return workOf(this.graphs.of(hash, String(row?.["body"])), task).timeout;
  }

  /** Notes whether an agent is out of service now. */
  sees(agentId: string, gone: boolean): void {
    if (!gone) this.#gone.delete(agentId);
    else if (!this.#gone.has(agentId)) this.#gone.set(agentId, this.scheduler.now);
  }

  /** Since when a child is seen that nobody waits for; `null`: it is none. */
  orphanSince(sessionId: string, isOrphan: boolean): number | null {
    if (!isOrphan) return null;
    const since = this.#orphans.get(sessionId) ?? this.scheduler.now;
    this.#orphans.set(sessionId, since);
    return since;
  }

  /** Since when an agent is seen out of service. */
  goneSince(agentId: string): number {
    return this.#gone.get(agentId) ?? this.scheduler.now;
  }

  kill(worker: SimWorker): void {
    worker.alive = false;
    this.trace(`${worker.name} dies`);
    this.scheduler.after(this.#net.between(500, 30_000), () => this.#replace(worker));
  }

  /** Fresh isolates of the same code. */
  deploy(): void {
    this.trace("deploy");
    for (const worker of [...this.workers]) {
      worker.alive = false;
      this.#replace(worker);
    }
  }

  #start(): void {
    const skew = this.faults.skewMs;
    // Reports are ordered by min(sent, received): a worker far behind the agents would order them by its own clock.
    const offset = skew === 0 ? 0 : Math.round(this.#net.between(skew > 2_000 ? 0 : -skew, skew));
    this.workers.push(startSimWorker(this, `w${(this.#named += 1)}`, offset, createGraphCache()));
  }

  #replace(worker: SimWorker): void {
    if (!this.workers.includes(worker)) return;
    this.workers = this.workers.filter((other) => other !== worker);
    this.#start();
  }

  #live(): SimWorker | null {
    const live = this.workers.filter(({ alive }) => alive);
    return live.length === 0 ? null : this.#net.pick(live);
  }

  /** A client's request to us, over a network that loses, copies and delays. `reply` is called once. */
  request(
    method: string,
    path: string,
    body: unknown,
    reply: (reply: Reply) => void,
    headers: Record<string, string> = {},
  ): void {
    const net = this.#net;
    const text = body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body);
    let answered = false;
    const answer = (value: Reply): void => {
      if (answered) return;
      answered = true;
      reply(value);
    };
    this.scheduler.after(CLIENT_TIMEOUT_MS, () => answer(null));
    const arrive = (first: boolean): void => {
      const worker = this.#live();
      if (worker === null) return answer(null);
      this.stats.requests += 1;
      const init: RequestInit = {
        method,
        headers: { Authorization: `Bearer ${SIM_KEY}`, "Content-Type": "application/json", ...headers },
      };
      if (text !== undefined) init.body = text;
      worker.fetch(new Request(`http://opscore.sim${path}`, init), (response) => {
        this.scheduler.spawn(async () => {
          const json: unknown = await response.json();
          if (response.status >= 500 && response.status !== 503)
            this.bug(`${method} ${path} answered ${response.status}`);
          const problem = response.status < 400 ? "" : ` ${String((json as { code?: unknown } | null)?.code)}`;
          this.trace(`${worker.name} ${method} ${path} ${response.status}${problem}${first ? "" : " (copy)"}`);
          if (net.chance(this.faults.answerLost)) return this.fault("answerLost", path);
          this.scheduler.after(net.between(0.2, 20), () => answer({ status: response.status, json }));
        });
      });
    };
    if (net.chance(this.faults.requestLost)) this.fault("requestLost", path);
    else if (net.chance(this.faults.requestDelayed)) {
      this.fault("requestDelayed", path);
      this.scheduler.after(net.between(100, 40_000), () => arrive(true));
    } else this.scheduler.after(net.between(0.2, 20), () => arrive(true));
    if (net.chance(this.faults.requestCopied)) {
      this.fault("requestCopied", path);
      this.scheduler.after(net.between(0.2, 5_000), () => arrive(false));
    }
  }

  /** P5: a call goes out as often as its session has asked for it, under the key of its task. */
  #judgeCall({ headers, body }: HttpRequest, host: string): void {
    const isTool = host === "agentkit.sim" && body.includes('"messageType":"tool_invocation"');
    if (!isTool && host !== "api.sim") return;
    const told = isTool ? (JSON.parse(body) as { opscore_task_id: string }).opscore_task_id : headers["traceparent"];
    const mark = told ?? "";
    const made = (this.#called.get(mark) ?? 0) + 1;
    this.#called.set(mark, made);
    const asked = this.checker.calls.get(mark);
    this.trace(`call ${asked?.taskId ?? mark} (${made} of ${asked?.times ?? 0})`);
    if (asked === undefined || made > asked.times)
      this.bug(`${mark} was called ${made} times, not ${asked?.times}`, "P5");
    else if (headers["idempotency-key"] !== asked.taskId) this.bug(`${mark} came under another key`, "P5");
  }

  /** Our request to an agent, to AgentKit or to a service. */
  callOut(worker: SimWorker, request: HttpRequest, random: Random): Promise<HttpOutcome> {
    this.stats.dispatches += 1;
    const { host, pathname } = new URL(request.url);
    this.#judgeCall(request, host);
    return this.scheduler.park<HttpOutcome>((resumeRaw) => {
      let done = false;
      const resume = (outcome: HttpOutcome): void => {
        if (done || !worker.alive) return;
        done = true;
        resumeRaw(outcome);
      };
      const name = this.#callFault(host, random);
      if (name !== null) this.fault(name, host);
      if (name === "killBefore") return this.scheduler.after(1, () => worker.alive && this.kill(worker));
      const made = (status: number, headers: Record<string, string> = {}): HttpOutcome => {
        // Somebody on the way has answered: that counts as called, whatever was behind it.
        this.services.answered.add(request.headers["traceparent"] ?? "");
        return {
          kind: "answer",
          status,
          headers: { get: (key) => headers[key.toLowerCase()] ?? null },
          body: "{}",
          truncated: false,
        };
      };
      if (name === "refusedConnection") {
        return this.scheduler.after(1, () => resume({ kind: "unreachable", reason: "refused the connection" }));
      }
      if (name === "redirect")
        return this.scheduler.after(2, () => resume(made(307, { location: "http://elsewhere.sim/" })));
      if (name === "status404") return this.scheduler.after(2, () => resume(made(404)));
      if (name === "status5xx") return this.scheduler.after(2, () => resume(made(random.pick([500, 502, 503, 504]))));
      this.scheduler.after(request.timeoutMs, () => resume({ kind: "silence", reason: "did not answer in time" }));
      if (name === "hang" || name === "requestLost") return;
      this.scheduler.after(random.between(0.2, 20), () => {
        const outside = this.hosts.get(host) ?? null;
        if (outside === null) return resume({ kind: "unreachable", reason: "refused the connection" });
        const answer: Answer = (status, body, headers = {}, spoilt) => {
          if (name === "killAfter") return worker.alive ? this.kill(worker) : undefined;
          if (name === "answerLost") return;
          this.scheduler.after(random.between(0.2, 20), () =>
            resume({ ...made(status, headers), ...spoilt, body } as HttpOutcome),
          );
        };
        outside.receive(pathname, request.body, answer, request);
      });
    });
  }

  #callFault(host: string, random: Random): string | null {
    const { faults } = this;
    const toAgentKit = host === "agentkit.sim";
    const order = [
      "killBefore", "killAfter", "requestLost", "answerLost", "hang", "redirect", "status404", "status5xx", "refusedConnection",
    ] as const; // prettier-ignore
    for (const name of order) {
      const extra = toAgentKit && (name === "status5xx" || name === "refusedConnection") ? faults.agentKitDown : 0;
      // What an agent answers itself is the agent's affair: only AgentKit is made to answer 500 here.
      if (name === "status5xx" && !toAgentKit) continue;
      if (random.chance(Math.max(faults[name], extra))) return name;
    }
    return null;
  }

  sendHints(
    worker: SimWorker,
    messages: { body: HintMessage; delaySeconds?: number }[],
    random: Random,
  ): Promise<void> {
    return this.scheduler.park<void>((resume, fail) => {
      this.scheduler.after(random.between(0.2, 5), () => {
        if (!worker.alive) return;
        // There are few messages, so each is more dangerous.
        const fault = (["killBefore", "killAfter", "queueError"] as const).find((kind) =>
          random.chance(4 * this.faults[kind]),
        );
        if (fault !== undefined) this.fault(`${fault}Queue`, worker.name);
        if (fault === "killBefore") return this.kill(worker);
        if (fault === "queueError") return fail(new Error("Queue send failed: internal error"));
        for (const message of messages) {
          if (random.chance(this.faults.hintDropped)) {
            this.fault("hintDropped", message.body.sessionId);
            continue;
          }
          const copied = random.chance(this.faults.hintCopied);
          if (copied) this.fault("hintCopied", message.body.sessionId);
          for (let copy = copied ? 2 : 1; copy > 0; copy -= 1) {
            const delayed = random.chance(this.faults.hintDelayed);
            if (delayed) this.fault("hintDelayed", message.body.sessionId);
            const late = delayed ? random.between(0, 120_000) : random.between(5, 500);
            this.#deliverHint(message.body, (message.delaySeconds ?? 0) * 1_000 + late, 3);
          }
        }
        if (fault === "killAfter") return this.kill(worker);
        resume();
      });
    });
  }

  #deliverHint(message: HintMessage, delayMs: number, retries: number): void {
    this.scheduler.after(delayMs, () => {
      const worker = this.#live();
      const retry = (): void => {
        if (retries > 0) this.#deliverHint(message, 5_000, retries - 1);
      };
      if (worker === null) retry();
      else worker.consume(message, retry);
    });
  }

  /** A tick a minute that sweeps every five seconds; skipped up to an hour, or doubled. */
  #cron(): void {
    const net = this.random.fork("cron");
    const tick = (): void => {
      const { now } = this.scheduler;
      this.scheduler.after(60_000, tick);
      if (now < this.#skipUntil) return;
      if (net.chance(this.faults.tickSkipped)) {
        const minutes = 1 + net.int(net.chance(0.2) ? 59 : 4);
        this.#skipUntil = now + minutes * 60_000 - 1;
        return this.fault("tickSkipped", `${minutes} min`);
      }
      this.#sweeps();
      if (net.chance(this.faults.tickDoubled)) {
        this.fault("tickDoubled", "");
        this.#sweeps();
      }
    };
    this.scheduler.after(net.between(0, 60_000), tick);
  }

  #sweeps(): void {
    const worker = this.#live();
    if (worker === null) return;
    for (let i = 0; i < 12; i += 1) {
      this.scheduler.after(i * 5_000, () => {
        if (worker.alive && this.#somethingToSweep(worker)) worker.sweepOnce();
      });
    }
  }

  /** A sweep that would find nothing is left out: it reads and does no more. */
  #somethingToSweep(worker: SimWorker): boolean {
    const { minDue, waiting, freed } = this.#timers();
    const now = Math.floor(this.scheduler.now) + worker.offsetMs + 10_000;
    return freed || (minDue !== null && minDue <= now) || (waiting && this.#foundNothingAt !== this.checker.version);
  }

  /** A sweep has looked at these rows and found nothing; time alone changes that only where agents are presumed lost. */
  sweptInVain(version: number): void {
    if (this.checker.version === version && !this.#timers().missed) this.#foundNothingAt = version;
  }
}
