import { logRow, systemCause } from "../../src/app/log-row.ts";
import type { RawLogRow } from "../../src/app/rebuild-port.ts";
import type { SessionCommand } from "../../src/core/session/commands.ts";
import type { SessionEvent } from "../../src/core/session/events.ts";
import {
  actor,
  agent,
  call,
  done,
  failed,
  given,
  givenWorld,
  MINUTE,
  SECOND,
  SESSION,
  start,
  T0,
  tick,
  withRow,
  type Given,
} from "./given.ts";
import { control, fail, pause, resume, under } from "./given-control.ts";
import { again, rerun } from "./given-rerun.ts";

const by = (taskId: string, more: object = {}) => ({ taskId, agentId: "a", retry: { maxAttempts: 1 }, ...more });
const team = [agent("a", { capacity: 3 })];
const write = (from: Given, at: number, event: SessionEvent): Given => givenWorld(withRow(from.world, at, [event]));

/** A choice, a dead way, a skipped task, a wait, a fallback and a join that waits for all of them; it completes. */
const joins = (): Given => {
  const tasks = [
    by("plan", { next: [{ when: "tasks.plan.output.large", taskId: "large" }, { taskId: "small" }] }),
    by("large", { nextTaskId: "join" }),
    by("small", { nextTaskId: "join", fallbackTaskId: "simple", priority: 80 }),
    by("never", { dependsOn: ["plan"], when: "false" }),
    { taskId: "nap", type: "wait", for: "90s", dependsOn: ["plan"], onFailure: "continue" },
    by("join", { dependsOn: ["never", "nap"], parameters: { from: "${tasks.small.output}" } }),
    by("simple"),
  ];
  return given({ tasks, agents: team, timeout: "1h" })
    .when(start({ input: { topic: "bees" } }))
    .and.when(call(1, done({ large: false }), { now: T0 + SECOND }))
    .and.when(call(3, failed(), { now: T0 + 2 * SECOND }))
    .and.when(call(6, done("simply done"), { now: T0 + 3 * SECOND }))
    .and.when(tick(T0 + 91 * SECOND))
    .and.when(call(7, done("joined"), { now: T0 + 92 * SECOND })).and;
};

/** Paused, resumed and hurried; the deadline moved by a time in which we were away; then it fails and undoes. */
const undone = (): Given => {
  const tasks = [
    by("one", { compensateWith: "unone" }),
    by("two", { retry: { maxAttempts: 2, initialInterval: "5m" }, timeout: { run: "1h", heartbeat: "1m" } }),
    by("unone"),
  ];
  const begun = given({ tasks, agents: team, timeout: "10m" }).when(start()).and;
  const paused = write(begun, T0 + SECOND, { type: "SessionPaused", reason: "the press is here", actor });
  const second = paused.when(call(1, done(1), { now: T0 + MINUTE })).and;
  const resumed = write(second, T0 + 2 * MINUTE, { type: "SessionResumed", actor }).when(tick(T0 + 2 * MINUTE)).and;
  const failing = resumed.when(call(2, failed(), { now: T0 + 3 * MINUTE })).and;
  const hurried = write(failing, T0 + 4 * MINUTE, { type: "TaskHurried", taskId: "two", n: 2, actor });
  const late = hurried.when(tick(T0 + 4 * MINUTE)).and.when(tick(T0 + 20 * MINUTE)).and; // prettier-ignore
  const last = late.state.open[0]!;
  return late
    .when(call(last.n, failed("bad"), { attempt: last.attempt, now: T0 + 21 * MINUTE }))
    .and.when(call(3, done(), { now: T0 + 22 * MINUTE })).and;
};

/** In a pause, with a wait that sleeps. */
const standing = (): Given => {
  const begun = given({ tasks: [{ taskId: "nap", type: "wait", until: "2030-01-31T08:00:00Z" }], agents: team }).when(start()).and; // prettier-ignore
  return write(begun, T0 + SECOND, { type: "SessionPaused", reason: null, actor });
};

const rawRows = async (id: string, { state, world }: Given, before: number): Promise<readonly RawLogRow[]> => {
  const rows: RawLogRow[] = [];
  for (const { seq, at, events } of world.log) {
    const renamed = JSON.parse(JSON.stringify(events).replaceAll(state.id.slice(4), id.slice(4))) as readonly object[];
    const row = await logRow({ stream: id, seq, at }, systemCause("GraphRun"), renamed, rows.at(-1)?.hash ?? "");
    const pos = before + seq;
    rows.push({ ...row, pos, tx: `graph-${pos}`, v: 1, cause: JSON.stringify(row.cause) });
  }
  return rows;
};

/** The logs of sessions over everything that the order of tasks can be, decided by core alone, the same each time. */
export const graphRun = async (): Promise<readonly RawLogRow[]> => {
  const rows: RawLogRow[] = [];
  for (const [at, session] of [joins(), undone(), standing()].entries()) {
    const id = `${SESSION.slice(0, -1)}${"ABC"[at]}`;
    rows.push(...(await rawRows(id, session, rows.length)));
  }
  return rows;
};

/** A session that a person's words steer under keys until it fails; it is run again from a later task, twice. */
export const rerunRun = async (): Promise<readonly RawLogRow[]> => {
  const tasks = [
    by("plan", { next: [{ when: "tasks.plan.output.large", taskId: "large" }, { taskId: "small" }] }),
    by("large", { nextTaskId: "join" }),
    by("small", { nextTaskId: "join", fallbackTaskId: "simple" }),
    by("weak", { dependsOn: ["plan"], onFailure: "continue", nextTaskId: "join" }),
    by("join", { parameters: { from: "${tasks.small.output}", weak: "${tasks.weak.error.code}" } }),
    by("simple"),
  ];
  const word = (command: SessionCommand, key: string) => under(key, command, "0123456789abcdef");
  const first = given({ tasks, agents: team })
    .when(start())
    .and.when(word(pause(T0 + SECOND, "the press is here"), "k1"))
    .and.when(word(resume(T0 + 2 * SECOND), "k2"))
    .and.when(call(1, done({ large: false }), { now: T0 + 3 * SECOND }))
    .and.when(word(control("weak", fail(), T0 + 4 * SECOND), "k3"))
    .and.when(call(3, failed(), { now: T0 + 5 * SECOND }))
    .and.when(call(5, done("simply done"), { now: T0 + 6 * SECOND }))
    .and.when(call(6, failed(), { now: T0 + 7 * SECOND })).and;
  const second = rerun(first, "join", { parameters: { again: true }, now: T0 + MINUTE }).and.when(
    call(6, failed("bad"), { now: T0 + MINUTE + SECOND }),
  ).and;
  const third = rerun(second, "join", { id: again(2), now: T0 + 2 * MINUTE }).and.when(
    call(6, done("joined"), { now: T0 + 2 * MINUTE + SECOND }),
  ).and;
  const rows: RawLogRow[] = [];
  for (const session of [first, second, third]) rows.push(...(await rawRows(session.state.id, session, rows.length)));
  return rows;
};
