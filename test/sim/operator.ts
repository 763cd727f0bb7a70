import type { SimDatabase } from "./database.ts";
import type { AuthoredDefinition } from "../../src/core/workflow/normalise.ts";
import type { SimAgent } from "./agents.ts";
import { CAPS, drawDefinition, drawLanguage, inputOf, type Drawn } from "./draw-definitions.ts";
import { SimBulk } from "./bulk.ts";
import { SimPeople, type Check } from "./people.ts";
import type { Random } from "./random.ts";
import { SimReruns, type Log } from "./reruns.ts";
import { SERVICE_URLS } from "./services.ts";
import { SimTimetables } from "./timetables.ts";
import type { Reply, SimWorld } from "./world.ts";

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
  /** Draws what is beyond the order of tasks; `null`: nothing is. */
  readonly #language: Random | null;
  readonly #people: SimPeople | null;
  readonly #timetables: SimTimetables | null;
  readonly reruns: SimReruns;
  readonly #bulk: SimBulk;

  /**
   * `wide`: with the whole language, and with people, schedules and single tasks; `again`: how often somebody runs what
   * has ended again, and acts on many sessions at once.
   */
  constructor(
    world: SimWorld,
    agents: readonly SimAgent[],
    drawn: Drawn,
    wide: boolean,
    again: { readonly reruns: number; readonly bulk: number },
  ) {
    this.reruns = new SimReruns(world, again.reruns);
    this.#bulk = new SimBulk(world, again.bulk);
    this.#drawn = drawn;
    this.#language = wide ? world.random.fork("language") : null;
    this.#people = wide ? new SimPeople(world) : null;
    this.#timetables = wide ? new SimTimetables(world) : null;
    this.#world = world;
    this.#agents = agents;
    this.#random = world.random.fork("operator");
  }

  /** Whether anything that they began is still to be answered. */
  get isBusy(): boolean {
    const isOpen = this.started.some(({ sessionId }) => sessionId === null);
    const isAgain = this.reruns.isBusy || this.#bulk.isBusy;
    return isOpen || isAgain || (this.#people?.waiting ?? 0) > 0 || this.#timetables?.isBusy === true;
  }

  /** From now on they only help to bring everything to its end. */
  heal(): void {
    this.reruns.heal();
    this.#bulk.heal();
    this.#people?.heal();
    this.#timetables?.end();
  }

  check(db: SimDatabase, logs: ReadonlyMap<string, Log>, check: Check): void {
    this.reruns.check(logs, check);
    this.#bulk.check(logs, check);
    this.#people?.check(db, check);
    this.#timetables?.check(db, check);
  }

  /** Plans what there is beside sessions. */
  #planWide(spanMs: number, random: Random, timetables: SimTimetables): void {
    const { scheduler } = this.#world;
    for (let at = random.pick([0, 0, 0, 1, 3]); at > 0; at -= 1) {
      scheduler.after(2_000 + random.between(0, spanMs * 0.6), () => {
        const entry: Started = { key: `single-${at}`, sessionId: null };
        this.started.push(entry);
        timetables.single(entry.key, random.pick(CAPS), (sessionId) => {
          if (entry.sessionId !== null && entry.sessionId !== sessionId) this.#world.bug(`${entry.key} twice`, "P8");
          entry.sessionId = sessionId;
        });
      });
    }
    if (!random.chance(0.15)) return;
    const second = random.pick([
      { type: "wait", for: random.pick(["20s", "150s"]) },
      { type: "http", url: random.pick(SERVICE_URLS), onFailure: "continue" },
    ]);
    const first = { taskId: "a", agentCapability: random.pick(CAPS), timeout: { start: "20s", run: "60s" } };
    const timed = { id: "timed", name: "timed", tasks: [first, { taskId: "b", ...second }] };
    // An hour of fires says no more than some minutes.
    const lastsMs = Math.min(spanMs, 480_000);
    this.#repeat(
      (done) => this.#world.request("POST", "/v1/opscore/workflows", timed, done),
      ({ status }) => {
        if (status >= 300) return false;
        timetables.plan("timed", lastsMs);
        scheduler.after(lastsMs, () => timetables.end());
        return true;
      },
    );
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
    if (this.#language !== null && this.#timetables !== null) this.#planWide(spanMs, this.#language, this.#timetables);
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
    this.#saveThis(definition, () => this.#saved.add(workflowId));
  }

  #saveThis(definition: AuthoredDefinition, then: () => void): void {
    this.#repeat(
      (done) => this.#world.request("POST", "/v1/opscore/workflows", definition, done),
      (reply) => {
        if (reply.status === 200 || reply.status === 201) then();
        else if (reply.status !== 503) this.#world.bug(`save answered ${reply.status} ${JSON.stringify(reply.json)}`);
        return reply.status !== 503;
      },
    );
  }

  #saveAll([first, ...others]: readonly AuthoredDefinition[], then: () => void): void {
    if (first === undefined) then();
    else this.#saveThis(first, () => this.#saveAll(others, then));
  }

  /** Of a saved definition, if there is one, or inline; the same key until it is answered. */
  #start(key: string, workflowId: string): void {
    const random = this.#random;
    const entry: Started = { key, sessionId: null };
    this.started.push(entry);
    // An id whose registration is lost for ever would wait for ever: people name agents they have seen registered.
    const known = this.#agents.filter(({ registered }) => registered);
    const home = random.chance(0.5) && known.length > 0 ? random.pick(known).id : undefined;
    const language = this.#language;
    if (language?.chance(0.8) === true) {
      const family = drawLanguage(language, `wide-${language.int(2)}`, known, this.#drawn);
      const children = family.slice(0, -1);
      // Some forget what their definitions name.
      return this.#saveAll(language.chance(0.95) ? children : [], () =>
        this.#send(entry, { workflowDefinition: family.at(-1) }, home),
      );
    }
    const what =
      this.#saved.has(workflowId) && random.chance(0.6)
        ? { workflowDefinitionId: workflowId }
        : { workflowDefinition: drawDefinition(random, workflowId, known, this.#drawn) };
    this.#send(entry, what, home);
  }

  #send(entry: Started, what: object, home: string | undefined): void {
    const { key } = entry;
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
