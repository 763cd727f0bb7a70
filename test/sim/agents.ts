import { createHmac } from "node:crypto";
import type { SimAgentKit } from "./agentkit.ts";
import type { Random } from "./random.ts";
import { SIM_SECRET } from "./sim-worker.ts";
import { plain, type Temper } from "./tempers.ts";
import type { Reply, SimWorld } from "./world.ts";

export interface Fact {
  readonly signedAt: number;
  readonly type: "REGISTER" | "DEREGISTER";
}

/** An agent and all its lives: it comes back under a new id and the old name. */
export class SimAgent {
  readonly name: string;
  readonly capabilities: readonly string[];
  readonly aheadMs: number;
  temper: Temper;
  id = "";
  alive = false;
  registered = false;
  /** Reports acknowledged with 2xx: agent id → timestamps sent. */
  readonly acknowledged = new Map<string, string[]>();
  /** What it has said of attempts, and what it was told of it. */
  readonly told: { readonly attemptId: string; readonly result: "completed" | "failed"; readonly taken: boolean }[] =
    [];
  readonly facts = new Map<string, Fact[]>();
  /** Those that were not acknowledged may have been taken too. */
  readonly sentFacts = new Map<string, Fact[]>();
  readonly received: string[] = [];
  readonly #world: SimWorld;
  readonly #kit: SimAgentKit;
  readonly #random: Random;
  #lives = 0;
  #working = 0;
  #lastMicros = 0;
  /** Its newest report said that it is idle, and was acknowledged. */
  #knownIdle = false;

  constructor(world: SimWorld, kit: SimAgentKit, name: string, capabilities: readonly string[], temper: Temper) {
    this.#world = world;
    this.#kit = kit;
    this.name = name;
    this.capabilities = capabilities;
    this.temper = temper;
    this.aheadMs = temper.clockOffsetMs;
    this.#random = world.random.fork(`agent/${name}`);
  }

  get #host(): string {
    return `${this.name}-${this.#lives}.sim`;
  }

  /** Comes up under a new id. */
  start(): void {
    this.#lives += 1;
    this.#working = 0;
    this.alive = true;
    this.registered = false;
    this.#knownIdle = false;
    this.id = `${this.name}-id${this.#lives}`;
    const [host, life] = [this.#host, this.#lives];
    this.#world.trace(`agent ${this.id} (${this.temper.kind}) starts`);
    this.#kit.register(this.id, host);
    this.#world.hosts.set(host, {
      receive: (_path, body, answer) => {
        if (this.alive && this.#lives === life) this.#receive(body, answer);
      },
    });
    // The first report may come before the webhook or after it; an agent that sends no ids sends it at once, or its
    // own reports would say "idle" in the middle of a task.
    this.#world.scheduler.after(this.#random.between(10, 200), () => this.notify("REGISTER"));
    this.#world.scheduler.after(this.#random.between(0, this.temper.ids ? 1_500 : 8), () => this.#report("idle", {}));
  }

  die(): void {
    if (!this.alive) return;
    this.#world.trace(`agent ${this.id} dies`);
    this.alive = false;
    this.#world.hosts.set(this.#host, null);
    this.#world.scheduler.after(this.#random.between(...this.temper.backAfterMs), () => {
      if (!this.alive) this.start();
    });
  }

  /** Faults stop: it comes back if it is dead, works well from now on, and says how it is. */
  heal(): void {
    this.temper = { ...plain, ids: this.temper.ids, places: this.temper.places };
    if (!this.alive) return this.start();
    this.#kit.register(this.id, this.#host);
    // It says again what nobody has acknowledged, and no more: the rest is the engine's part.
    if (!this.registered) this.notify("REGISTER");
    // An agent at work is not idle; it will report when it has finished.
    if (this.#working === 0 && !this.#knownIdle) this.#report("idle", {});
  }

  notify(type: "REGISTER" | "DEREGISTER"): void {
    const id = this.id;
    const seconds = Math.floor(this.#world.scheduler.now / 1_000);
    const body = JSON.stringify({
      event_type: type,
      agent_details: {
        agentId: id,
        agentName: this.name,
        version: "1",
        capabilities: this.capabilities,
        contactEndpoint: `http://${this.#host}/task`,
        metadata: this.temper.places === 1 ? null : { config: { maxConcurrentTasks: this.temper.places } },
      },
    });
    const signature = createHmac("sha256", SIM_SECRET).update(`${seconds}.${body}`).digest("hex");
    const headers = { "X-AgentKit-Timestamp": String(seconds), "X-AgentKit-Signature": signature };
    if (type === "DEREGISTER") this.registered = false;
    this.sentFacts.set(id, [...(this.sentFacts.get(id) ?? []), { signedAt: seconds, type }]);
    const done = (reply: Reply): void => {
      if (reply?.status !== 200) return;
      if (id === this.id && type === "REGISTER") this.registered = true;
      this.facts.set(id, [...(this.facts.get(id) ?? []), { signedAt: seconds, type }]);
    };
    this.#world.request("POST", "/v1/opscore/internal/agent/notify", body, done, headers);
  }

  #micros(): number {
    const micros = Math.floor((this.#world.scheduler.now + this.temper.clockOffsetMs) * 1_000);
    this.#lastMicros = Math.max(this.#lastMicros + 1, micros);
    return this.#lastMicros;
  }

  /** When it says so, by its own clock (µs). */
  #report(state: string, details: object): number {
    return this.#say(state, details, this.#micros());
  }

  #say(state: string, details: object, micros: number): number {
    const { id } = this;
    const sent = `${new Date(Math.floor(micros / 1_000)).toISOString().slice(0, 19)}.${String(micros % 1_000_000).padStart(6, "0")}+00:00`;
    const body = JSON.stringify({ agentId: id, timestamp: sent, state, details });
    this.#knownIdle = false;
    const send = (): void => {
      this.#world.request("POST", `/v1/opscore/agent/${id}/state`, body, (reply) => {
        if (reply?.status === 202 && micros === this.#lastMicros) this.#knownIdle = state === "idle";
        const { applied, reason } = (reply?.json ?? {}) as { applied?: false; reason?: string };
        const { opscore_task_id: attemptId } = details as { opscore_task_id?: string };
        if (
          reply?.status === 202 &&
          attemptId !== undefined &&
          /^(idle|error)$/.test(state) &&
          (reason !== "unknown_task" || this.#world.finished.get(id) !== null)
        )
          this.told.push({ attemptId, result: state === "idle" ? "completed" : "failed", taken: applied !== false });
        if (reply?.status === 202) this.acknowledged.set(id, [...(this.acknowledged.get(id) ?? []), sent]);
      });
    };
    send();
    if (this.#random.chance(this.temper.repeats)) this.#world.scheduler.after(this.#random.between(0, 20_000), send);
    return micros;
  }

  #call(verb: "complete" | "fail" | "heartbeat", attemptId: string, body: object, tries = 5): void {
    this.#world.request("POST", `/v1/opscore/tasks/${attemptId}/${verb}`, body, (reply) => {
      if (verb !== "heartbeat" && (reply?.status === 200 || reply?.status === 409))
        this.told.push({
          attemptId,
          result: verb === "complete" ? "completed" : "failed",
          taken: reply.status === 200,
        });
      // A settle call is safe to repeat; a heartbeat is not worth it.
      if ((reply === null || reply.status === 503) && verb !== "heartbeat" && tries > 0) {
        this.#world.scheduler.after(2_000, () => this.#call(verb, attemptId, body, tries - 1));
      }
    });
  }

  #receive(text: string, answer: (status: number, body: string) => void): void {
    const { temper } = this;
    const random = this.#random;
    const task = JSON.parse(text) as { opscore_task_id: string; payload: { attempt: number } };
    const attemptId = task.opscore_task_id;
    this.received.push(attemptId);
    this.#world.given.push(attemptId);
    this.#world.trace(`agent ${this.id} gets ${attemptId}`);
    if (random.chance(temper.rejects)) {
      return random.chance(0.5) ? answer(400, '{"detail":"no"}') : answer(200, '{"status":"ignored","reason":"no"}');
    }
    if (random.chance(temper.breaks)) return answer(500, '{"detail":"broken"}');
    const life = this.#lives;
    const here = (): boolean => this.alive && this.#lives === life;
    const details = temper.ids ? { opscore_task_id: attemptId } : {};
    const workMs = random.between(...temper.workMs);
    this.#working += 1;
    const accepted = '{"status":"success","message":"Task received and processing started."}';
    if (!temper.holds) answer(200, accepted);
    if (temper.prompt && temper.settles === "report") {
      this.#world.scheduler.after(random.between(0.5, 30), () => here() && this.#report("active", details));
    }
    if (temper.beats) {
      for (let at = 3_000; at < workMs; at += 3_000) {
        this.#world.scheduler.after(at, () => here() && this.#call("heartbeat", attemptId, { progress: at }));
      }
    }
    if (random.chance(temper.lies)) this.#lie(attemptId);
    if (random.chance(temper.crashes)) {
      return this.#world.scheduler.after(
        random.between(...(temper.crashAt ?? [0, workMs])),
        () => here() && this.die(),
      );
    }
    this.#world.scheduler.after(workMs + 40, () => {
      if (!here()) return;
      if (temper.holds) answer(200, JSON.stringify({ status: "completed", result: attemptId }));
      this.#finish(attemptId, details);
    });
  }

  #finish(attemptId: string, details: object): void {
    const { temper } = this;
    this.#working -= 1;
    this.#world.spoken.add(attemptId);
    const failed = this.#random.chance(temper.fails);
    if (temper.settles === "call") {
      if (failed) return this.#call("fail", attemptId, { error: { code: "E", message: "failed" } });
      this.#call("complete", attemptId, { output: { done: attemptId } });
      if (this.#random.chance(0.3)) this.#call("complete", attemptId, { output: { done: attemptId } });
      return;
    }
    const last = (): void => {
      if (failed) this.#report("error", { ...details, error_code: "E", message: "failed" });
      else {
        const micros = this.#report("idle", temper.ids ? { ...details, result: { done: attemptId } } : details);
        // There is no fence for those who do not show one: once for each task that it finishes.
        if (!temper.ids) this.#world.finish(this.id, micros);
        if (this.#random.chance(temper.echoes)) this.#echo(micros);
      }
    };
    if (temper.moods > 0) this.#world.scheduler.after(5, () => this.alive && this.#working === 0 && this.#mood());
    if (temper.prompt) return last();
    // Both reports within a few milliseconds; their timestamps are in order even where the requests are not.
    if (!temper.swaps) {
      this.#report("active", details);
      return this.#world.scheduler.after(3, last);
    }
    this.#report("active", details);
    last();
  }

  /** Two reports that should have come before the last one; it has taken up other work by now. */
  #echo(lastMicros: number): void {
    this.#world.finish(this.id, lastMicros - 1);
    const say = (state: string, micros: number): void => {
      const { id } = this;
      this.#world.scheduler.after(
        this.#random.between(50, 4_000),
        () => this.alive && this.id === id && this.#say(state, {}, micros),
      );
    };
    say("active", lastMicros - 2);
    say("idle", lastMicros - 1);
  }

  /** An attempt that this agent was never given, if there is one. */
  #notOwn(): string {
    const others = this.#world.given.filter((id) => !this.received.includes(id));
    return others.length === 0 ? "tsk_unknown" : this.#random.pick(others);
  }

  #mood(): void {
    if (!this.#random.chance(this.temper.moods)) return;
    this.#report("maintenance", {});
    this.#world.scheduler.after(
      this.#random.between(100, 8_000),
      () => this.alive && this.#working === 0 && this.#report("idle", {}),
    );
  }

  #lie(attemptId: string): void {
    const random = this.#random;
    const wrong = attemptId.replace(/:\d+$/, (end) => `:${Number(end.slice(1)) + random.int(3) - 1}`);
    // A liar's word, true or not, may be taken for anything it holds.
    this.#world.finished.set(this.id, null);
    for (let n = -1; n < 3; n += 1) {
      this.#world.spoken.add(attemptId.replace(/:\d+$/, (end) => `:${Number(end.slice(1)) + n}`));
    }
    const others = [
      () => this.#report("idle", { opscore_task_id: wrong }),
      () => this.#report("idle", { opscore_task_id: "tsk_unknown" }),
      () => this.#report(random.pick(["idle", "error"]), { opscore_task_id: this.#notOwn() }),
      () => this.#report("error", { task_id: wrong, error: "lie" }),
      () => this.#report(random.pick(["maintenance", "IDLE", "Busy", "finished"]), {}),
      () => this.#call("complete", wrong, { output: "lie" }, 0),
      () => this.#call("heartbeat", wrong, {}, 0),
    ];
    for (let i = random.int(3); i >= 0; i -= 1) {
      this.#world.scheduler.after(
        random.between(0, 30_000),
        () => this.alive && this.temper.lies > 0 && random.pick(others)(),
      );
    }
  }
}
