import { taskIdOf } from "../../src/core/ids.ts";
import type { Overlap, ScheduleSpec, ScheduleState } from "../../src/core/schedule/schedule.ts";
import { perVersion } from "./checker.ts";
import { parseDuration } from "../../src/core/workflow/duration.ts";
import type { SimDatabase } from "./database.ts";
import type { Check } from "./people.ts";
import type { Random } from "./random.ts";
import type { Reply, SimWorld } from "./world.ts";

const MINUTE = 60_000;

type Reaction = (reply: Reply & object) => void;

/** A schedule, and what people have done with it. */
interface Timetable {
  readonly id: string;
  readonly everyMinutes: number;
  /** When the first answer said that it is there, and when it was asked to end. */
  madeAt: number | null;
  endAskedAt: number | null;
  /** The answer to that. */
  endedAt: number | null;
  isPaused: boolean;
  /** Its sessions do not run beside each other. */
  isLone: boolean;
  readonly triggers: Map<string, string>;
}

/** Schedules that fire each minute or two, what people do with them, and single tasks. */
export class SimTimetables {
  readonly #world: SimWorld;
  readonly #random: Random;
  readonly #tables: Timetable[] = [];
  /** Sessions of single tasks that were cancelled. */
  readonly #cancelled: string[] = [];
  /** Single tasks, and how long they are to wait (ms). */
  readonly #delays = new Map<string, number>();
  readonly #dueRows: () => boolean;
  #asked = 0;
  #waiting = 0;

  constructor(world: SimWorld) {
    this.#world = world;
    this.#dueRows = perVersion(world.checker, () =>
      world.db
        .query("SELECT state FROM schedules")
        .map(({ state }) => JSON.parse(String(state)) as ScheduleState)
        .some(({ starting, buffered }) => starting.length > 0 || buffered !== null),
    );
    this.#random = world.random.fork("timetables");
  }

  /** Whether anything is still to be answered, or to fire. */
  get isBusy(): boolean {
    return this.#waiting > 0 || this.#tables.some(({ endedAt }) => endedAt === null) || this.#dueRows();
  }

  /** `wanted`: whether it is still sent again. */
  #repeat(
    method: string,
    path: string,
    body: object | undefined,
    then: Reaction,
    key: string | null = null,
    wanted = (): boolean => true,
  ): void {
    this.#waiting += 1;
    const headers: Record<string, string> = key === null ? {} : { "Idempotency-Key": key };
    const send = (): void => {
      if (!wanted()) {
        this.#waiting -= 1;
        return;
      }
      this.#world.request(
        method,
        `/v1/opscore/${path}`,
        body,
        (reply) => {
          const isUnderWay = (reply?.json as { code?: unknown } | undefined)?.code === "request_in_flight";
          if (reply === null || reply.status === 503 || isUnderWay) return this.#world.scheduler.after(1_000, send);
          this.#waiting -= 1;
          then(reply);
        },
        headers,
      );
    };
    send();
  }

  /** A schedule of a saved workflow, and what is done with it until `spanMs` from now. */
  plan(workflowId: string, spanMs: number): void {
    const random = this.#random;
    const id = `every-${this.#tables.length}`;
    const everyMinutes = random.pick([1, 1, 2]);
    const table: Timetable = {
      id,
      everyMinutes,
      madeAt: null,
      endAskedAt: null,
      endedAt: null,
      isPaused: false,
      isLone: false,
      triggers: new Map(),
    };
    this.#tables.push(table);
    const body = {
      scheduleId: id,
      cron: everyMinutes === 1 ? "* * * * *" : `*/${everyMinutes} * * * *`,
      workflowDefinitionId: workflowId,
      overlap: random.pick<Overlap>(["skip", "buffer_one", "allow", "cancel_other"]),
      catchUp: random.pick(["0s", "5m", "2h"]),
      initialPayload: { key: id, yes: true, pause: "3s", list: [1] },
    };
    table.isLone = body.overlap !== "allow";
    this.#world.saw(`schedule:${body.overlap}`);
    this.#repeat("POST", "schedules", body, (reply) => {
      if (reply.status !== 201 && reply.status !== 200) {
        this.#world.bug(`a schedule was answered ${reply.status} ${JSON.stringify(reply.json)}`);
        table.endedAt = 0;
        return;
      }
      table.madeAt = this.#world.scheduler.now;
      for (let left = random.pick([0, 0, 1, 3]); left > 0; left -= 1)
        this.#world.scheduler.after(random.between(0, spanMs), () => this.#touch(table, body));
    });
  }

  #touch(table: Timetable, body: object): void {
    const random = this.#random;
    if (table.endAskedAt !== null) return;
    const path = `schedules/${table.id}`;
    const drawn = random.int(4);
    const expect = (reply: Reply & object, ...statuses: readonly number[]): void => {
      if (!statuses.includes(reply.status))
        this.#world.bug(`${path} was answered ${reply.status} ${JSON.stringify(reply.json)}`);
    };
    // What is started by hand, or by another policy, runs beside.
    if (drawn !== 2) table.isLone = false;
    if (drawn < 2) {
      const key = `trigger-${(this.#asked += 1)}`;
      const again = (): void =>
        this.#repeat("POST", `${path}/trigger`, {}, (reply) => {
          // Refused for good: its definition may want what the schedule does not give.
          expect(reply, 202, 409, 422);
          if (reply.status !== 202) return;
          this.#world.saw("schedule:trigger");
          const { sessionId } = reply.json as { sessionId: string };
          const known = table.triggers.get(key);
          if (known !== undefined && known !== sessionId) this.#world.bug(`${table.id} ${key} started twice`, "P8");
          table.triggers.set(key, sessionId);
        }, key); // prettier-ignore
      again();
      if (random.chance(0.4)) this.#world.scheduler.after(random.between(0, 20_000), again);
    } else if (drawn < 3) {
      table.isPaused = true;
      this.#world.saw("schedule:pause");
      this.#repeat("POST", `${path}/pause`, {}, (reply) => {
        expect(reply, 200);
        this.#world.scheduler.after(random.between(0, 3 * MINUTE), () => {
          if (table.endAskedAt === null) this.#repeat("POST", `${path}/resume`, {}, (said) => expect(said, 200));
        });
      });
    } else {
      const edited = { ...body, overlap: random.pick(["skip", "allow"]) };
      // Sent again after the end, it would undo that.
      const wanted = (): boolean => table.endAskedAt === null;
      this.#repeat("PUT", path, edited, (reply) => expect(reply, 200), null, wanted);
    }
  }

  /** Nothing is to fire any more: each gets a time that is far away; what was due before still fires. */
  end(): void {
    for (const table of this.#tables) {
      if (table.endAskedAt !== null) continue;
      table.endAskedAt = this.#world.scheduler.now;
      const then = (): void => {
        const [row] = this.#world.db.query("SELECT spec FROM schedules WHERE id = ?", table.id);
        if (row === undefined) {
          table.endedAt = 0;
          return;
        }
        const { input, workflowId, overlap, catchUp } = JSON.parse(String(row["spec"])) as ScheduleSpec;
        const body = { cron: "0 0 1 1 *", workflowDefinitionId: workflowId, overlap, catchUp, initialPayload: input };
        this.#repeat("PUT", `schedules/${table.id}`, body, (reply) => {
          if (reply.status !== 200)
            this.#world.bug(`an edit was answered ${reply.status} ${JSON.stringify(reply.json)}`);
          table.endedAt = this.#world.scheduler.now;
        });
      };
      // What is under way of it may come late.
      this.#world.scheduler.after(150_000, then);
    }
  }

  /** One task without a workflow; now and then cancelled. `started` is told once it is there. */
  single(key: string, capability: string, started: (sessionId: string) => void): void {
    const random = this.#random;
    const body = {
      agentCapability: capability,
      parameters: { n: 1, text: "${input}" },
      ...(random.chance(0.4) ? { delay: random.pick(["0s", "3s", "90s"]) } : {}),
      ...(random.chance(0.3) ? { priority: random.int(100) } : {}),
      retry: { maxAttempts: 1 + random.int(3), initialInterval: "1s" },
      timeout: { start: "20s", run: random.pick(["60s", "400s"]) },
    };
    this.#repeat("POST", "tasks", body, (reply) => {
      if (reply.status !== 202) return this.#world.bug(`a task was answered ${reply.status} ${JSON.stringify(reply.json)}`);
      const { id, sessionId } = reply.json as { id: string; sessionId: string };
      this.#world.saw("single");
      if (id !== taskIdOf(sessionId, body.delay === undefined ? 1 : 2)) this.#world.bug(`${id} of ${sessionId}`);
      this.#delays.set(sessionId, parseDuration(body.delay ?? "0s") ?? 0);
      started(sessionId);
      if (!random.chance(0.2)) return;
      this.#world.scheduler.after(random.between(0, 60_000), () =>
        this.#repeat("POST", `tasks/${id}/cancel`, {}, (answer) => {
          if (![200, 202, 409].includes(answer.status)) this.#world.bug(`cancel of ${id} answered ${answer.status}`);
          if (answer.status < 300) this.#cancelled.push(sessionId);
        }),
      );
    }, key); // prettier-ignore
  }

  /** Each nominal time was dealt with once, and made one session at most. */
  check(db: SimDatabase, check: Check): void {
    for (const id of this.#cancelled) {
      const status = this.#world.checker.sessions.get(id)?.state?.status;
      check(status === "cancelled", "P1", () => `cancel of the task of ${id} was acknowledged`);
    }
    for (const [id, delayMs] of this.#delays) {
      // A person may have put an end to the wait.
      const [ended, started] = [`"by":"timer"`, `"type":"SessionStarted"`].map(
        (what) => db.query("SELECT at FROM log WHERE stream = ? AND instr(events, ?) > 0", id, what)[0]?.["at"],
      );
      const waited = Number(ended ?? Infinity) - Number(started);
      check(waited >= delayMs - 2 * this.#clocksApartMs, "P6", () => `${id} began after ${waited} ms, not ${delayMs}`);
    }
    for (const table of this.#tables) {
      const [row] = db.query("SELECT state FROM schedules WHERE id = ?", table.id);
      if (row === undefined) continue;
      const { counts, fires, starting, buffered } = JSON.parse(String(row["state"])) as ScheduleState;
      const actor = `"id":"schedule:${table.id}"`;
      const sessions = db.query(
        "SELECT stream FROM log WHERE seq = 1 AND instr(cause, ?) > 0 AND instr(events, ?) > 0", actor, actor,
      ); // prettier-ignore
      check(
        sessions.length === counts.started,
        "P8",
        () => `${table.id} has ${sessions.length} sessions of ${counts.started} fires`,
      );
      check(starting.length === 0, "P10", () => `${table.id} still has to make ${starting.length} starts`);
      const times = fires.filter(({ by }) => by === "calendar").map(({ at }) => at);
      check(
        new Set(times).size === times.length,
        "P8",
        () => `${table.id} has dealt with a time twice: ${times.join()}`,
      );
      for (const [key, sessionId] of table.triggers) {
        const known = sessions.some(({ stream }) => stream === sessionId);
        check(known, "P1", () => `${table.id} ${key}: ${sessionId} was acknowledged and is not one of its sessions`);
      }
      if (table.isLone)
        this.#checkOverlap(
          table.id,
          sessions.map(({ stream }) => String(stream)),
          check,
        );
      const byHand = table.triggers.size > 0 || fires.some(({ by }) => by === "hand");
      if (!byHand) this.#checkTimes(table, counts, buffered, check);
    }
  }

  /** How far clocks may be apart (ms). */
  get #clocksApartMs(): number {
    const { skewMs, clockJump } = this.#world.plan;
    return skewMs + (clockJump > 0 ? 60_000 : 0);
  }

  /** P6: of a schedule that does not let its sessions run beside each other, none begins before the last has ended. */
  #checkOverlap(id: string, sessions: readonly string[], check: Check): void {
    const all = sessions
      .flatMap((one) => this.#world.checker.sessions.get(one)?.state ?? [])
      .toSorted((a, b) => a.startedAt - b.startedAt);
    for (const [at, { startedAt, endedAt }] of all.entries()) {
      const next = all[at + 1];
      const ended = (endedAt ?? Infinity) - this.#clocksApartMs;
      check(
        next === undefined || ended <= next.startedAt,
        "P6",
        () => `${id}: ${next?.id} began before ${startedAt} ended`,
      );
    }
  }

  /** P10: no nominal time is passed over, where nobody paused it, started by hand or had another clock. */
  #checkTimes(
    { id, madeAt, endAskedAt, isPaused, everyMinutes }: Timetable,
    { started, skipped, failed, missed }: ScheduleState["counts"],
    buffered: number | null,
    check: Check,
  ): void {
    if (isPaused || madeAt === null || endAskedAt === null || this.#clocksApartMs > 0) return;
    const every = everyMinutes * MINUTE;
    const least = Math.floor(endAskedAt / every) - Math.floor(madeAt / every);
    const dealt = started + skipped + failed + missed + (buffered === null ? 0 : 1);
    check(dealt >= least, "P10", () => `${id} has dealt with ${dealt} times of ${least}`);
  }
}
