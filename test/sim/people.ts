import { taskIdOf } from "../../src/core/ids.ts";
import type { SessionEvent } from "../../src/core/session/events.ts";
import type { OpenTask, SessionState } from "../../src/core/session/state.ts";
import type { SimDatabase } from "./database.ts";
import type { Random } from "./random.ts";
import type { SimWorld } from "./world.ts";

/** How often (ms) people look at what goes on. */
const LOOK_MS = 8_000;

type TaskVerb = "retry" | "skip" | "complete" | "fail" | "approve" | "reject";
type Verb = TaskVerb | "pause" | "resume" | "signal" | "cancel";

/** A person's word to a session, and what was answered. */
interface Said {
  readonly sessionId: string;
  readonly verb: Verb;
  readonly word: string;
  /** The name of the task or of the signal. */
  readonly name: string;
  readonly key: string | null;
  status: number | null;
}

export type Check = (ok: boolean, promise: string, message: () => string) => void;

/** People who steer sessions: they look now and then, say what comes to their mind, and repeat what was not answered. */
export class SimPeople {
  readonly #world: SimWorld;
  readonly #random: Random;
  /** Which words have a key, apart from what is drawn besides. */
  readonly #keys: Random;
  readonly #said: Said[] = [];
  /** How likely a person says something about a session that needs nothing. */
  readonly #busy: number;
  /** How likely a person sees that something waits for one. */
  readonly #quick: number;
  #waiting = 0;
  #healed = false;

  constructor(world: SimWorld) {
    this.#world = world;
    this.#random = world.random.fork("people");
    this.#keys = world.random.fork("keys");
    this.#busy = this.#random.pick([0, 0.03, 0.15]);
    this.#quick = this.#random.pick([0, 0.1, 0.4]);
    const look = (): void => {
      world.scheduler.after(LOOK_MS, look);
      this.#look();
    };
    world.scheduler.after(3_000, look);
  }

  /** What was said and is not answered yet. */
  get waiting(): number {
    return this.#waiting;
  }

  /** From now on they help: whatever waits for a person gets an answer, what is paused goes on. */
  heal(): void {
    this.#healed = true;
  }

  #look(): void {
    for (const { state } of this.#world.checker.sessions.values()) {
      if (state === null) continue;
      if (this.#healed) this.#help(state);
      else this.#steer(state);
    }
  }

  #help(state: SessionState): void {
    if (state.status !== "open") return;
    if (state.paused !== undefined) return this.#say(state.id, "resume", "");
    for (const task of state.open) {
      if (task.phase === "awaiting") this.#answer(state, task);
    }
  }

  /** What a task waits for. */
  #answer(state: SessionState, task: OpenTask & { phase: "awaiting" }): void {
    const random = this.#random;
    const name = random.chance(0.5) ? task.taskId : taskIdOf(state.id, task.n);
    const word = (): void => {
      if (task.what === "signal") this.#say(state.id, "signal", task.name);
      else this.#say(state.id, random.chance(0.7) ? "approve" : "reject", name);
    };
    word();
    // Two people, who may not agree.
    if (!this.#healed && random.chance(0.2)) this.#world.scheduler.after(random.between(0, 3_000), word);
  }

  #steer(state: SessionState): void {
    const random = this.#random;
    for (const task of state.open)
      if (task.phase === "awaiting" && random.chance(this.#quick)) this.#answer(state, task);
    if (!random.chance(this.#busy)) return;
    const { id } = state;
    const drawn = random.int(10);
    if (drawn < 2) {
      this.#say(id, "pause", "");
      // Some forget it.
      if (random.chance(0.7)) this.#world.scheduler.after(random.between(0, 90_000), () => this.#say(id, "resume", ""));
    } else if (drawn < 3) this.#say(id, "resume", "");
    else if (drawn < 5 && state.parent !== undefined) this.#say(id, "cancel", "");
    else if (drawn < 6) {
      const name = random.pick([...SIGNALS, ...SIGNALS, "nobody-waits-for-this"]);
      for (let times = random.pick([1, 2, 3]); times > 0; times -= 1) this.#say(id, "signal", name);
    } else
      this.#say(id, random.pick(["retry", "skip", "complete", "fail", "approve", "reject"]), this.#someTask(state));
  }

  #someTask({ id, open, ended }: SessionState): string {
    const random = this.#random;
    if (open.length > 0 && random.chance(0.8)) {
      const { taskId, n, item } = random.pick(open);
      return item !== undefined || random.chance(0.3) ? taskIdOf(id, n) : taskId;
    }
    return random.pick([...Object.keys(ended), "no-such-task"]);
  }

  #say(sessionId: string, verb: Verb, name: string): void {
    const random = this.#random;
    const word = `word${this.#said.length}.`;
    // Without a key, whoever repeats a signal has sent two.
    const isKeyed = verb === "signal" ? random.chance(0.7) : verb !== "cancel" && this.#keys.chance(0.5);
    const key = isKeyed ? `${verb}-${word}` : null;
    const said: Said = { sessionId, verb, word, name, key, status: null };
    this.#said.push(said);
    const known = this.#world.words.get(`${sessionId} ${verb}`) ?? new Set([""]);
    this.#world.words.set(`${sessionId} ${verb}`, known.add(word));
    this.#world.saw(`said:${verb}`);
    this.#waiting += 1;
    this.#repeat(said, () => (this.#waiting -= 1));
    if (key !== null && (verb === "signal" ? random : this.#keys).chance(0.3)) {
      this.#waiting += 1;
      this.#world.scheduler.after(random.between(0, 60_000), () => this.#repeat(said, () => (this.#waiting -= 1)));
    }
  }

  #repeat(said: Said, done: () => void): void {
    const { sessionId, verb, name, key } = said;
    const path =
      { pause: "pause", resume: "resume", cancel: "cancel", signal: `signals/${name}` }[verb as string] ??
      `tasks/${name}/${verb}`;
    const headers: Record<string, string> = key === null ? {} : { "Idempotency-Key": key };
    this.#world.request(
      "POST",
      `/v1/opscore/sessions/${sessionId}/${path}`,
      bodyOf(said),
      (reply) => {
        if (reply === null || reply.status === 503) {
          return this.#world.scheduler.after(1_000, () => this.#repeat(said, done));
        }
        const { code } = reply.json as { code?: string };
        if (reply.status === 404 && code !== "task_not_found")
          this.#world.bug(`session ${sessionId} is there and is not found`, "P3");
        else if (![200, 202, 404, 409].includes(reply.status))
          this.#world.bug(`${verb} answered ${reply.status} ${JSON.stringify(reply.json)}`);
        if (key !== null && (said.status ?? 0) > 0 && reply.status < 300 && reply.status !== said.status)
          this.#world.bug(`${key} was answered ${said.status}, then ${reply.status}`, "P8");
        said.status = Math.max(said.status ?? 0, reply.status < 300 ? reply.status : 0);
        done();
      },
      headers,
    );
  }

  /** P1: what was taken is in the log; P8: the same word again under its key is the same word; P10: none is lost. */
  check(db: SimDatabase, check: Check): void {
    for (const said of this.#said) {
      if (said.status === null || said.status === 0) continue;
      const events = db
        .query("SELECT events FROM log WHERE stream = ? AND instr(events, ?) > 0", said.sessionId, wanted(said))
        .flatMap((row) => JSON.parse(String(row["events"])) as SessionEvent[]);
      const { verb, word, sessionId, key } = said;
      if (said.status === 202 || verb === "signal")
        check(
          events.some((event) => isEffect(event, said)),
          "P1",
          () => `${verb} ${word} to ${sessionId} was taken`,
        );
      if (key === null) continue;
      if (verb !== "signal") {
        const answers = events.filter((event) => event.type === "ControlAnswered" && event.key === key).length;
        // What changes nothing is remembered too, but in a session that has ended, where no copy can act.
        const is = answers === 1 || (answers === 0 && said.status === 200);
        check(is, "P8", () => `${key} to ${sessionId} was answered ${said.status} and taken ${answers} times`);
        continue;
      }
      const times = events.filter((event) => event.type === "SignalReceived" && event.key === key).length;
      check(times === 1, "P8", () => `the signal ${key} to ${sessionId} has come ${times} times`);
    }
    for (const [id, { state }] of this.#world.checker.sessions) {
      const held = Object.values(state?.signals ?? {}).flat().toSorted((a, b) => a - b); // prettier-ignore
      const kept = [...this.#world.checker.kept(id).keys()].toSorted((a, b) => a - b);
      check(held.join() === kept.join(), "P10", () => `${id} keeps the signals ${held.join()}, not ${kept.join()}`);
    }
  }
}

/** What tasks wait for, and people say. */
export const SIGNALS = ["go", "stop"] as const;

const bodyOf = ({ verb, word }: Said): object | undefined => {
  switch (verb) {
    case "pause":
    case "cancel":
      return { reason: word };
    case "signal":
      return { payload: { word } };
    case "complete":
      return { output: { word } };
    case "fail":
      return { error: { code: "by_hand", message: word } };
    case "approve":
    case "reject":
      return { by: word };
    default:
      return undefined;
  }
};

/** What a row of the log holds in which a word had its effect. */
const wanted = ({ verb, word }: Said): string =>
  ({ retry: '"TaskHurried"', skip: '"operator"', resume: '"SessionResumed"' })[verb as string] ?? word;

const isEffect = (event: SessionEvent, { verb, word, name }: Said): boolean => {
  const isTask = "n" in event && (event.taskId === name || name.endsWith(`.${event.n}`));
  switch (verb) {
    case "pause":
      return event.type === "SessionPaused" && event.reason === word;
    case "cancel":
      return event.type === "SessionCancelled" && event.reason === word;
    case "resume":
      return event.type === "SessionResumed";
    case "signal":
      return event.type === "SignalReceived" && event.name === name;
    case "retry":
      return event.type === "TaskHurried" && isTask;
    case "skip":
      return event.type === "TaskSkipped" && event.reason === "operator" && isTask;
    case "complete":
    case "approve":
      return event.type === "TaskResolved" && isTask;
    case "fail":
    case "reject":
      return event.type === "TaskFailed" && isTask;
  }
};
