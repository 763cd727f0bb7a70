import type { JsonObject } from "../../src/core/json.ts";
import type { SessionEvent } from "../../src/core/session/events.ts";
import type { SessionState } from "../../src/core/session/state.ts";
import { bookOf, type Row } from "../support/legal-execution.ts";
import type { Book } from "../support/legal-book.ts";
import { whyNotAgain, type Source } from "../support/legal-rerun.ts";
import type { AuthoredDefinition } from "../../src/core/workflow/normalise.ts";
import type { Check } from "./people.ts";
import type { Random } from "./random.ts";
import type { SimWorld } from "./world.ts";

/** How often (ms) people look at what has ended. */
const LOOK_MS = 6_000;
/** After the faults have stopped they begin nothing for which the time might not suffice. */
const LAST_CHANCE_MS = 300_000;

/** A request to run a session again. */
interface Wish {
  /** Its reason, which no other request gives. */
  readonly mark: string;
  readonly sessionId: string;
  readonly fromTaskId: string | null;
  readonly input: JsonObject | null;
  readonly parameters: JsonObject | null;
  readonly key: string | null;
  /** What was answered, once or more often: the session made, or `refused`. */
  readonly answers: Set<string>;
}

type Started = Extract<SessionEvent, { type: "SessionStarted" }>;

/** A session's log with its definition. */
export interface Log {
  readonly document: AuthoredDefinition;
  readonly rows: readonly Row[];
}

const startOf = ({ rows }: Log): Started | undefined =>
  rows[0]?.events.find((event): event is Started => event.type === "SessionStarted");

const REASON = /^again-\d+\.$/;

/** People who run again what has ended: as a whole or from a task, as it was or with something else. */
export class SimReruns {
  readonly #world: SimWorld;
  readonly #random: Random;
  readonly #wishes = new Map<string, Wish>();
  #left: number;
  #waiting = 0;
  #healedAt: number | null = null;

  /** `count`: how often they do so. */
  constructor(world: SimWorld, count: number) {
    this.#world = world;
    this.#random = world.random.fork("reruns");
    this.#left = count;
    const look = (): void => {
      this.#look();
      const isLate = this.#healedAt !== null && world.scheduler.now > this.#healedAt + LAST_CHANCE_MS;
      if (this.#left > 0 && !isLate) world.scheduler.after(LOOK_MS, look);
    };
    if (count > 0) world.scheduler.after(5_000, look);
  }

  /** Whether anything is still to be answered. */
  get isBusy(): boolean {
    return this.#waiting > 0;
  }

  heal(): void {
    this.#healedAt = this.#world.scheduler.now;
  }

  #look(): void {
    const all = [...this.#world.checker.sessions.values()].flatMap(({ state }) => state ?? []);
    const ended = all.filter(({ status }) => status !== "open");
    // Now and then somebody does not see that it has not ended.
    const among = this.#random.chance(0.05) ? all : ended;
    if (among.length === 0 || !this.#random.chance(0.5)) return;
    this.#left -= 1;
    // What was run again from a task may be run again, too; and where one task has ended, nothing can be carried.
    const again = among.filter(({ rerunOf }) => rerunOf !== undefined);
    const long = among.filter((state) => Object.keys(state.ended).length > 1);
    const drawn = this.#random.next();
    const which = drawn < 0.3 && again.length > 0 ? again : drawn < 0.9 && long.length > 0 ? long : among;
    this.#wish(this.#random.pick(which));
  }

  #wish(state: SessionState): void {
    const random = this.#random;
    const known = Object.keys(state.ended);
    const late = known.slice(-2);
    const isFrom = known.length > 0 && random.chance(0.85);
    const fromTaskId = isFrom ? random.pick(random.pick([late, late, known, [...known, "no-such-task"]])) : null;
    const mark = `again-${this.#wishes.size}.`;
    const wish: Wish = {
      mark,
      sessionId: state.id,
      fromTaskId,
      input: random.chance(0.3)
        ? { key: mark, yes: random.chance(0.5), pause: "2s", until: "2026-11-22T08:00:00Z", list: [mark, 1] }
        : null,
      parameters: fromTaskId !== null && random.chance(0.3) ? { edited: mark, n: 99 } : null,
      key: random.chance(0.7) ? `key-${mark}` : null,
      answers: new Set(),
    };
    this.#wishes.set(mark, wish);
    this.#send(wish);
    if (random.chance(0.4)) this.#world.scheduler.after(random.between(0, 40_000), () => this.#send(wish));
  }

  #send(wish: Wish): void {
    this.#waiting += 1;
    this.#repeat(wish);
  }

  #repeat(wish: Wish): void {
    const { mark: reason, sessionId, fromTaskId, input, parameters, key, answers } = wish;
    const headers: Record<string, string> = key === null ? {} : { "Idempotency-Key": key };
    const body = { fromTaskId, initialPayload: input, parameters, reason };
    this.#world.request(
      "POST",
      `/v1/opscore/sessions/${sessionId}/rerun`,
      body,
      (reply) => {
        if (reply === null || reply.status === 503) {
          return this.#world.scheduler.after(1_000, () => this.#repeat(wish));
        }
        this.#waiting -= 1;
        if (reply.status === 202) answers.add((reply.json as { sessionId: string }).sessionId);
        else if (reply.status === 422) answers.add("refused");
        else if (reply.status !== 409)
          this.#world.bug(`a rerun was answered ${reply.status} ${JSON.stringify(reply.json)}`);
        const how = reply.status >= 300 ? "refused" : fromTaskId === null ? "whole" : parameters === null ? "task" : "edited"; // prettier-ignore
        this.#world.saw(`rerun:${how}`);
      },
      headers,
    ); // prettier-ignore
  }

  /** What the interpreter is to know of a session that runs another again; `null`: it runs none again. */
  sourceOf(log: Log, logs: ReadonlyMap<string, Log>): Source | null {
    const { rerunOf } = startOf(log) ?? {};
    const other = rerunOf === undefined ? undefined : logs.get(rerunOf.sessionId);
    if (rerunOf === undefined || other === undefined) return null;
    const { parameters } = this.#wishes.get(rerunOf.reason ?? "") ?? {};
    return {
      book: this.#bookOf(other, logs),
      rowOf: (sessionId, seq) => logs.get(sessionId)?.rows[seq - 1]?.events ?? [],
      ...(parameters == null ? {} : { parameters }),
    };
  }

  #bookOf(log: Log, logs: ReadonlyMap<string, Log>): Book {
    return bookOf(log.document, log.rows, this.sourceOf(log, logs));
  }

  /**
   * Of every request under a key one session (P8), every answer true (P1), each session asked for and given what it was
   * (P6), and none refused that its log says can be run again from there (P6).
   */
  check(logs: ReadonlyMap<string, Log>, check: Check): void {
    const made = new Map<string, string[]>();
    for (const [id, log] of logs) {
      const started = startOf(log);
      const reason = started?.rerunOf?.reason ?? "";
      if (started?.rerunOf === undefined || !REASON.test(reason)) continue;
      const { sessionId, fromTaskId } = started.rerunOf;
      const wish = this.#wishes.get(reason);
      const isAsked = wish?.sessionId === sessionId && wish.fromTaskId === fromTaskId;
      check(isAsked, "P6", () => `${id} runs ${sessionId} again from ${fromTaskId}, which nobody has asked for`);
      made.set(reason, [...(made.get(reason) ?? []), id]);
      const wanted = JSON.stringify(wish?.input ?? startOf(logs.get(sessionId)!)?.input);
      const input = JSON.stringify(started.input);
      check(input === wanted, "P6", () => `${id} runs ${sessionId} again with ${input}, not ${wanted}`);
    }
    for (const wish of this.#wishes.values()) this.#checkWish(wish, made.get(wish.mark) ?? [], logs, check);
  }

  #checkWish(wish: Wish, made: readonly string[], logs: ReadonlyMap<string, Log>, check: Check): void {
    const { mark, sessionId, fromTaskId, key, answers, parameters } = wish;
    if (key !== null) check(made.length <= 1, "P8", () => `${key} has run ${sessionId} again ${made.length} times`);
    for (const answer of answers) {
      if (answer === "refused") continue;
      check(made.includes(answer), "P1", () => `${mark} was answered ${answer}, which does not run ${sessionId} again`);
    }
    const log = logs.get(sessionId);
    if (fromTaskId === null || log === undefined || answers.size === 0) return;
    const why = whyNotAgain(this.#bookOf(log, logs), fromTaskId);
    const task = log.document.tasks.find(({ taskId }) => taskId === fromTaskId);
    const isEditable = parameters === null || ["agent", "tool", "workflow"].includes(task?.type ?? "agent");
    const may = why === null && isEditable;
    const told = [...answers].join();
    check(answers.has("refused") !== may, "P6", () => `${mark} of ${sessionId} from ${fromTaskId}: ${told}, but it ${why ?? "can"}`); // prettier-ignore
  }
}
