import { expect } from "vitest";
import { sessionIdAt } from "../../src/core/ids.ts";
import type { JsonObject } from "../../src/core/json.ts";
import { refKey } from "../../src/core/session/carried.ts";
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
