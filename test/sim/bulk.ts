import type { SessionEvent } from "../../src/core/session/events.ts";
import type { SessionState } from "../../src/core/session/state.ts";
import { readStatus } from "../../src/core/session/view.ts";
import type { Check } from "./people.ts";
import type { Random } from "./random.ts";
import type { Log } from "./reruns.ts";
import type { Reply, SimWorld } from "./world.ts";

type Action = "cancel" | "rerun";

/** After the faults have stopped nothing is begun for which the time might not suffice. */
const LAST_CHANCE_MS = 300_000;
const LOOK_MS = 7_000;

/** Sessions that are to be cancelled, or run again, together. */
interface Wish {
  /** Its reason, which no other request gives. */
  readonly mark: string;
  readonly action: Action;
  readonly body: { readonly filter?: { readonly workflowId?: string; readonly status?: string }; readonly all?: true };
  readonly limit: number;
  readonly key: string | null;
  /** What was said to be done: the sessions made, by those that they run again. */
  readonly done: Map<string, Set<string>>;
  /** Left as they were, by code. */
  readonly skipped: Map<string, string>;
}

interface Page {
  readonly done: readonly { readonly sessionId: string; readonly newSessionId?: string }[];
  readonly skipped: readonly { readonly sessionId: string; readonly code: string }[];
  readonly nextCursor: string | null;
}

/** People who cancel sessions or run them again by the dozen: first only to see how many, then page by page, some twice. */
export class SimBulk {
  readonly #world: SimWorld;
  readonly #random: Random;
  readonly #wishes: Wish[] = [];
  /** Of requests that only ask. */
  readonly #dry: string[] = [];
  #left: number;
  #waiting = 0;
  #healedAt: number | null = null;

  /** `count`: how often they do so. */
  constructor(world: SimWorld, count: number) {
    this.#world = world;
    this.#random = world.random.fork("bulk");
    this.#left = count;
    const look = (): void => {
      const isLate = this.#healedAt !== null && world.scheduler.now > this.#healedAt + LAST_CHANCE_MS;
      if (this.#left === 0 || isLate) return;
      if (this.#world.checker.sessions.size > 0 && this.#random.chance(0.3)) this.#begin();
      world.scheduler.after(LOOK_MS, look);
    };
    if (count > 0) world.scheduler.after(8_000, look);
  }

  /** Whether anything is still to be answered. */
  get isBusy(): boolean {
    return this.#waiting > 0;
  }

  heal(): void {
    this.#healedAt = this.#world.scheduler.now;
  }

  #begin(): void {
    const random = this.#random;
    this.#left -= 1;
    const states = this.#states();
    const action: Action = random.chance(0.7) ? "rerun" : "cancel";
    const { workflowId } = random.pick(states).definition;
    const filter = random.pick([
      { workflowId },
      { workflowId },
      { status: action === "cancel" ? "open" : random.pick(["ended", "failed"]) },
    ]);
    const mark = `bulk-${this.#wishes.length}.`;
    const wish: Wish = {
      mark,
      action,
      body: random.chance(0.15) ? { all: true } : { filter },
      limit: 1 + random.int(5),
      key: random.chance(0.75) ? `key-${mark}` : null,
      done: new Map(),
      skipped: new Map(),
    };
    this.#wishes.push(wish);
    if (random.chance(0.6)) this.#ask(wish, () => this.#walk(wish));
    else this.#walk(wish);
  }

  #states(): readonly SessionState[] {
    return [...this.#world.checker.sessions.values()].flatMap(({ state }) => state ?? []);
  }

  /** What an action is for now: of what has ended, not children, who are left to their parents. */
  #matching({ action, body: { filter = {} } }: Wish): ReadonlySet<string> {
    const { workflowId, status } = filter;
    const found = this.#states().filter((state) => {
      const isEnded = state.status !== "open";
      const isIts = workflowId === undefined || state.definition.workflowId === workflowId;
      const isOne = action === "cancel" || state.parent === undefined;
      const isSo = status === undefined || status === (isEnded ? "ended" : "open") || status === readStatus(state);
      return isEnded === (action === "rerun") && isIts && isOne && isSo;
    });
    return new Set(found.map(({ id }) => id));
  }

  #request(wish: Wish, more: object, then: (reply: Reply & object) => void): void {
    const { action, body, key } = wish;
    const headers: Record<string, string> = key === null ? {} : { "Idempotency-Key": key };
    this.#waiting += 1;
    const send = (): void =>
      this.#world.request(
        "POST",
        "/v1/opscore/sessions/bulk",
        { action, ...body, ...more },
        (reply) => {
          const isUnderWay = (reply?.json as { code?: unknown } | undefined)?.code === "request_in_flight";
          if (reply === null || reply.status === 503 || isUnderWay) return this.#world.scheduler.after(1_000, send);
          this.#waiting -= 1;
          if (reply.status === 200) return then(reply);
          this.#world.bug(`a bulk ${action} was answered ${reply.status} ${JSON.stringify(reply.json)}`);
        },
        headers,
      );
    send();
  }

  /** P3: how many it would be for is what there is, while nothing is done yet. */
  #ask(wish: Wish, then: () => void): void {
    const before = this.#matching(wish);
    const reason = `dry-${this.#dry.length}.`;
    this.#dry.push(reason);
    this.#request(wish, { dryRun: true, reason }, ({ json }) => {
      const after = this.#matching(wish);
      const { matched, sample } = json as { matched: number; sample: readonly string[] };
      const always = [...before].filter((id) => after.has(id)).length;
      const isSo = always <= matched && matched <= this.#world.checker.sessions.size && sample.length <= matched;
      // What has ended stays as it is, so that what matches is among what does now.
      const isAmong = wish.action === "cancel" || (matched <= after.size && sample.every((id) => after.has(id)));
      if (!isSo || !isAmong)
        this.#world.bug(`${wish.mark} would be for ${matched}, not ${always} to ${after.size}`, "P3");
      this.#world.saw("bulk:dry");
      then();
    });
  }

  /** Under its key an action is repeated as it was, for what matched at first. */
  #walk(wish: Wish, before: ReadonlySet<string> = this.#matching(wish)): void {
    const { scheduler } = this.#world;
    this.#world.saw(`bulk:${wish.action}`);
    const page = (cursor: string | null): void =>
      this.#request(wish, { reason: wish.mark, limit: wish.limit, cursor: cursor ?? undefined }, ({ json }) => {
        const { done, skipped, nextCursor } = json as Page;
        this.#note(wish, done, skipped);
        if (nextCursor !== null) return page(nextCursor);
        this.#expectAll(wish, before);
        // Somebody does not know that all is done.
        if (this.#random.chance(0.5)) {
          scheduler.after(this.#random.between(0, 60_000), () => {
            if (this.#healedAt === null) this.#walk(wish, wish.key === null ? undefined : before);
          });
        }
      });
    page(null);
  }

  #note(wish: Wish, done: Page["done"], skipped: Page["skipped"]): void {
    for (const { sessionId, newSessionId } of done) {
      const known = wish.done.get(sessionId) ?? new Set();
      wish.done.set(sessionId, newSessionId === undefined ? known : known.add(newSessionId));
    }
    for (const { sessionId, code } of skipped) {
      wish.skipped.set(sessionId, code);
      if (code === "internal_error") this.#world.bug(`${wish.mark}: ${sessionId} ${code}`);
    }
  }

  /** P1: all that matched when it was begun is done when it says that it has come to the end. */
  #expectAll(wish: Wish, before: ReadonlySet<string>): void {
    const { action, mark, done, skipped } = wish;
    for (const id of before) {
      const state = this.#world.checker.sessions.get(id)?.state;
      const isDone =
        action === "cancel" ? state?.status !== "open" : done.has(id) || this.#isWork(id, mark) || skipped.has(id);
      if (!isDone) this.#world.bug(`${mark} has passed ${id} over`, "P1");
    }
  }

  /** Whether a session was made for this reason. */
  #isWork(sessionId: string, mark: string): boolean {
    const sql = "SELECT 1 FROM log WHERE stream = ? AND seq = 1 AND instr(events, ?) > 0";
    return this.#world.db.query(sql, sessionId, `"reason":"${mark}"`).length > 0;
  }

  /** P8: under a key each session is run again once, and nothing that was made so. P1: what was said to be done is. */
  check(logs: ReadonlyMap<string, Log>, check: Check): void {
    const made = new Map<string, string[]>();
    for (const [id, { rows }] of logs) {
      const events = rows.flatMap((row) => row.events);
      const says = events.map(reasonOf).find((reason) => reason !== null && this.#dry.includes(reason));
      check(says === undefined, "P6", () => `${id}: ${says} was only to say what it would do`);
      const [started] = events;
      if (started?.type !== "SessionStarted" || started.rerunOf === undefined) continue;
      const wish = this.#wishes.find(({ mark }) => mark === started.rerunOf?.reason);
      if (wish === undefined) continue;
      const { sessionId } = started.rerunOf;
      const [old] = logs.get(sessionId)?.rows[0]?.events ?? [];
      const isAlike =
        old?.type === "SessionStarted" && JSON.stringify(old.input) === JSON.stringify(started.input) && started.rerunOf.fromTaskId === null; // prettier-ignore
      check(isAlike, "P6", () => `${id} runs ${sessionId} again otherwise`);
      const { workflowId } = wish.body.filter ?? {};
      const isIts = workflowId === undefined || started.definition.workflowId === workflowId;
      check(
        isIts && wish.action === "rerun",
        "P6",
        () => `${id} runs ${sessionId} again, for which ${wish.mark} is not`,
      );
      const isOwn = old?.type === "SessionStarted" && old.rerunOf?.reason === wish.mark;
      check(!isOwn || wish.key === null, "P8", () => `${id}: ${wish.mark} runs its own work ${sessionId} again`);
      made.set(`${wish.mark} ${sessionId}`, [...(made.get(`${wish.mark} ${sessionId}`) ?? []), id]);
    }
    for (const { mark, key, done, action } of this.#wishes) {
      for (const [id, news] of done) {
        const { status } = this.#world.checker.sessions.get(id)?.state ?? {};
        check(action === "rerun" || status === "cancelled", "P1", () => `${mark} has cancelled ${id}: ${status}`);
        const known = made.get(`${mark} ${id}`) ?? [];
        if (key !== null) check(known.length <= 1, "P8", () => `${key} has run ${id} again ${known.length} times`);
        for (const one of news) check(known.includes(one), "P1", () => `${mark}: ${one} does not run ${id} again`);
      }
    }
  }
}

/** The reason that an event says a person gave. */
const reasonOf = (event: SessionEvent): string | null => {
  if (event.type === "SessionStarted") return event.rerunOf?.reason ?? null;
  return event.type === "SessionCancelled" ? event.reason : null;
};
