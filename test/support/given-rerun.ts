import { expect } from "vitest";
import { sessionIdAt, taskIdOf } from "../../src/core/ids.ts";
import type { JsonObject } from "../../src/core/json.ts";
import { refKey } from "../../src/core/session/carried.ts";
import type { SessionEvent } from "../../src/core/session/events.ts";
import { planRerun } from "../../src/core/session/rerun.ts";
import { givenWorld, SEED, start, T0, type Given, type Outcome } from "./given.ts";

/** The id of the session that runs the one of all these tests again; of the next in a chain, with another number. */
export const again = (number = 1): string => sessionIdAt(T0 + number, SEED);

/** What a rerun would carry over, in short: `task status from-number`. */
export const carriedBy = (old: Given, taskId: string): readonly string[] => {
  const plan = planRerun(old.state, old.world.graph, taskId);
  if (plan.kind === "refused") throw new TypeError(plan.message);
  return plan.carried.map(({ taskId: id, status, from }) => `${id} ${status} ${from.n}`);
};

/** Why a session cannot be run again from a task. */
export const refusalOf = (old: Given, taskId: string): string => {
  const plan = planRerun(old.state, old.world.graph, taskId);
  expect(plan.kind).toBe("refused");
  return plan.kind === "refused" ? plan.message : "";
};

/** The events of a session's tasks, by the tasks' ids. */
export const eventsByTask = ({ state, world }: Given): ReadonlyMap<string, readonly SessionEvent[]> => {
  const found = new Map<string, SessionEvent[]>();
  for (const event of world.log.flatMap(({ events }) => events)) {
    if (!("n" in event)) continue;
    const id = taskIdOf(state.id, event.n);
    found.set(id, [...(found.get(id) ?? []), event]);
  }
  return found;
};

/** Runs a session that has ended again; its log, and those it refers to, are at hand. */
export const rerun = (
  old: Given,
  fromTaskId: string | null,
  options: {
    readonly id?: string;
    readonly input?: JsonObject;
    readonly parameters?: JsonObject;
    readonly now?: number;
  } = {},
): Outcome => {
  const plan = fromTaskId === null ? null : planRerun(old.state, old.world.graph, fromTaskId);
  if (plan?.kind === "refused") throw new TypeError(plan.message);
  const { world, state } = old;
  const refs = new Map([
    ...(world.more?.refs ?? []),
    ...world.log.map(({ seq, events }) => [refKey([state.id, seq]), events] as const),
  ]);
  const { input = {}, parameters = {}, now = T0 } = options;
  return givenWorld({ ...world, state: null, log: [], more: { ...world.more, refs } }).when({
    ...start({ input, now }),
    sessionId: options.id ?? again(),
    rerun: { of: { sessionId: state.id, fromTaskId, reason: "once more" }, carried: plan?.carried ?? [], parameters },
  } as ReturnType<typeof start>);
};
