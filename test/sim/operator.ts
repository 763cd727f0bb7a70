import type { AuthoredDefinition } from "../../src/core/workflow/normalise.ts";
import { drawGraph } from "../support/draw-graph.ts";
import type { SimAgent } from "./agents.ts";
import type { Random } from "./random.ts";
import { SIM_START, type Reply, type SimWorld } from "./world.ts";

const CAPS = ["alpha", "beta", "gamma"] as const;

/** What definitions are drawn from: numbers of tasks, and run time-outs. */
export interface Drawn {
  readonly counts: readonly number[];
  readonly runs: readonly string[];
}

/** A random definition: half of them chains, the others of everything that the order of tasks can be. */
export const drawDefinition = (
  random: Random,
  id: string,
  agents: readonly SimAgent[],
  drawn: Drawn,
): AuthoredDefinition =>
  random.chance(0.5) ? drawChain(random, id, agents, drawn) : drawOrder(random, id, agents, drawn);

const drawTarget = (random: Random, agents: readonly SimAgent[]): { agentId?: string; agentCapability?: string } =>
  random.chance(0.15) && agents.length > 0
    ? { agentId: random.pick(agents).id }
    : random.chance(0.9)
      ? { agentCapability: random.chance(0.85) ? random.pick(CAPS) : "nobody-has-this" }
      : {};

const drawOrder = (
  random: Random,
  id: string,
  agents: readonly SimAgent[],
  { counts, runs }: Drawn,
): AuthoredDefinition => {
  const work = (at: number) => ({
    ...drawTarget(random, agents),
    parameters: { n: at, ...(random.chance(0.4) ? { given: "${input}" } : {}) },
    retry: { maxAttempts: 1 + random.int(3), initialInterval: random.pick(["0s", "1s", "5s"]) },
    timeout: {
      start: random.pick(["5s", "20s"]),
      run: random.pick(runs),
      ...(random.chance(0.15) ? { heartbeat: random.pick(["10s", "60s"]) } : {}),
      ...(random.chance(0.1) ? { queue: random.pick(["10s", "5m"]) } : {}),
    },
    ...(random.chance(0.2) ? { priority: random.int(100) } : {}),
  });
  const until = [0, 20_000, 200_000].map((ms) => new Date(SIM_START + ms).toISOString());
  const graph = drawGraph(random, work, { id, mains: 1 + random.pick(counts), until: [...until, "${input.until}"] });
  return { ...graph, ...(random.chance(0.2) ? { timeout: random.pick(["30s", "3m", "20m"]) } : {}) };
};

const drawChain = (
  random: Random,
  id: string,
  agents: readonly SimAgent[],
  { counts, runs }: Drawn,
): AuthoredDefinition => {
  const count = random.pick(counts);
  const tasks = Array.from({ length: count }, (_, at) => {
    const target = drawTarget(random, agents);
    const parameters = {
      n: at,
      ...(random.chance(0.4) ? { given: "${input}" } : {}),
      ...(at > 0 && random.chance(0.5) ? { before: `\${tasks.t${at - 1}.output}` } : {}),
    };
    return {
      taskId: `t${at}`,
      ...target,
      parameters,
      retry: { maxAttempts: 1 + random.int(4), initialInterval: random.pick(["0s", "1s", "5s"]) },
      timeout: { start: random.pick(["5s", "20s"]), run: random.pick(runs) },
    };
  });
  const split = count > 2 && random.chance(0.3) ? 1 + random.int(count - 2) : -1;
  const cut = tasks.map((task, at) => {
    if (at !== split) return task;
    // Two chains side by side: what comes after the cut may not read what comes before it.
    return { ...task, nextTaskId: null };
  });
  const safe = cut.map((task, at) => {
    if (split < 0 || at !== split + 1) return task;
    const { before: _before, ...parameters } = task.parameters;
    return { ...task, parameters };
  });
  return { id, name: id, tasks: safe };
};

/** What every session is started with: enough for all that is drawn. */
const inputOf = (key: string) => ({
  key,
  yes: key.length % 2 === 0,
  pause: "3s",
  until: new Date(SIM_START + 60_000).toISOString(),
});

interface Started {
  readonly key: string;
  sessionId: string | null;
}

/** People: they save, start, read, cancel, edit and deregister; and repeat what was not answered. */
export class SimOperator {
  readonly started: Started[] = [];
  readonly cancelled: string[] = [];
  readonly #saved = new Set<string>();
  readonly #world: SimWorld;
  readonly #random: Random;
  readonly #agents: readonly SimAgent[];

  readonly #drawn: Drawn;

  constructor(world: SimWorld, agents: readonly SimAgent[], drawn: Drawn) {
    this.#drawn = drawn;
    this.#world = world;
    this.#agents = agents;
    this.#random = world.random.fork("operator");
  }

  /** Plans a working day of `spanMs`. */
  plan(spanMs: number, sessions: number): void {
    const random = this.#random;
    const { scheduler } = this.#world;
    // Half of the days everybody starts at once, and the sessions compete for the same agents.
    const burst = random.chance(0.5) ? random.between(0, spanMs * 0.5) : null;
    const burstMs = random.pick([6, 150]);
    for (let at = 0; at < sessions; at += 1) {
      const when = burst === null ? random.between(0, spanMs * 0.6) : burst + random.between(0, burstMs);
      scheduler.after(2_000 + when, () => this.#start(`key-${at}`, `flow-${random.int(2)}`));
    }
    // Some save what they start, and edit it while it runs: what has begun keeps the definition it began with.
    for (let at = random.pick([0, 0, 1, 2]); at > 0; at -= 1) {
      scheduler.after(1_500 + random.between(0, spanMs * 0.7), () => this.#save(`flow-${random.int(2)}`));
    }
    if (random.chance(0.5)) {
      scheduler.after(random.between(0, spanMs), () => {
        const agent = random.pick(this.#agents);
        if (agent.alive) agent.notify("DEREGISTER");
        scheduler.after(random.between(2_000, 60_000), () => agent.alive && agent.notify("REGISTER"));
      });
    }
  }

  #repeat(
    send: (done: (reply: Reply) => void) => void,
    accepted: (reply: Reply & object) => boolean,
    givenUp?: () => void,
    tries = 200,
  ): void {
    send((reply) => {
      if (reply !== null && accepted(reply)) return;
      // Refused again and again, by a clear word: that is an answer too.
      if (tries <= 0 && reply !== null && reply.status < 500) givenUp?.();
      else this.#world.scheduler.after(1_000, () => this.#repeat(send, accepted, givenUp, tries - 1));
    });
  }

  #save(workflowId: string): void {
    const definition = drawDefinition(
      this.#random,
      workflowId,
      this.#agents.filter(({ registered }) => registered),
      this.#drawn,
    );
    this.#repeat(
      (done) => this.#world.request("POST", "/v1/opscore/workflows", definition, done),
      (reply) => {
        if (reply.status === 200 || reply.status === 201) this.#saved.add(workflowId);
        else if (reply.status !== 503) this.#world.bug(`save answered ${reply.status} ${JSON.stringify(reply.json)}`);
        return reply.status !== 503;
      },
    );
  }

  /** Of a saved definition, if there is one, or inline; the same key until it is answered. */
  #start(key: string, workflowId: string): void {
    const random = this.#random;
    const entry: Started = { key, sessionId: null };
    this.started.push(entry);
    // An id whose registration is lost for ever would wait for ever: people name agents they have seen registered.
    const known = this.#agents.filter(({ registered }) => registered);
    const home = random.chance(0.5) && known.length > 0 ? random.pick(known).id : undefined;
    const what =
      this.#saved.has(workflowId) && random.chance(0.6)
        ? { workflowDefinitionId: workflowId }
        : { workflowDefinition: drawDefinition(random, workflowId, known, this.#drawn) };
    const body = { ...what, initialPayload: inputOf(key), ...(home === undefined ? {} : { agentId: home }) };
    this.#repeat(
      (done) => this.#world.request("POST", "/v1/opscore/sessions", body, done, { "Idempotency-Key": key }),
      (reply) => {
        if (reply.status === 503) return false;
        const { code } = reply.json as { code?: string };
        if (reply.status === 422 && code !== "validation_failed")
          this.#world.bug(`start answered 422 ${JSON.stringify(reply.json)}`);
        // Refusals that the drawn request may deserve: an agent not known yet, or gone, or a task without a target.
        const forGood = reply.status === 422 || (reply.status === 409 && this.#world.calmSince !== null);
        if ((reply.status === 404 || reply.status === 409) && !forGood) return false;
        if (forGood) {
          this.started.splice(this.started.indexOf(entry), 1);
          return true;
        }
        if (reply.status !== 202) this.#world.bug(`start answered ${reply.status} ${JSON.stringify(reply.json)}`);
        const { sessionId } = reply.json as { sessionId: string };
        if (entry.sessionId !== null && entry.sessionId !== sessionId) this.#world.bug(`${key} started twice`, "P8");
        entry.sessionId = sessionId;
        this.#after(sessionId);
        return true;
      },
      () => this.started.splice(this.started.indexOf(entry), 1),
    );
  }

  #after(sessionId: string): void {
    const random = this.#random;
    const read = (): void => {
      this.#world.request("GET", `/v1/opscore/sessions/${sessionId}`, undefined, (reply) => {
        if (reply?.status === 404) this.#world.bug(`session ${sessionId} was acknowledged and is not found`, "P3");
      });
    };
    if (random.chance(0.3)) read();
    if (random.chance(0.12)) {
      this.#world.scheduler.after(random.between(0, 90_000), () =>
        this.#repeat(
          (done) => this.#world.request("POST", `/v1/opscore/sessions/${sessionId}/cancel`, { reason: "sim" }, done),
          (reply) => {
            if (reply.status === 202 || reply.status === 200) this.cancelled.push(sessionId);
            return reply.status === 202 || reply.status === 200 || reply.status === 409;
          },
        ),
      );
    }
  }
}
