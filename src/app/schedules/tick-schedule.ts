import { planFires } from "../../core/schedule/plan-fires.ts";
import { contention, MAX_TRIES } from "../tries.ts";
import type { Deps } from "../deps.ts";
import { OpsError } from "../ops-error.ts";
import { describeFailure } from "../publish.ts";
import type { ScheduleRecord } from "../schedule-port.ts";
import { makeStarts } from "./make-starts.ts";
import { calendarOf, nextRecord } from "./next-record.ts";

/** A schedule whose tick failed by a fault of ours is looked at again after this long. */
const POSTPONE_MS = 60_000;

/** Decides what is due, in a commit of its own: from then on it is settled which fires start. `null`: stale. */
const decideDue = async (
  deps: Deps,
  previous: ScheduleRecord,
  open: readonly string[],
): Promise<ScheduleRecord | null> => {
  const now = deps.clock.now();
  const state = planFires(previous.spec, previous.state, {
    now,
    open: new Set(open),
    next: calendarOf(deps, previous.spec),
  });
  const next = nextRecord(previous, state, now);
  const { dueAt, waitsFor } = next.timer;
  const isArmed = dueAt === previous.timer.dueAt && waitsFor === previous.timer.waitsFor;
  if (state === previous.state && isArmed) return previous;
  const result = await deps.store.commitSchedule({ previous, next, idempotency: null });
  return result === "stale" ? null : next;
};

/**
 * Fires what is due in a schedule; harmless at any time and any number of times. First the decision is committed,
 * guarded by the row, then the sessions are started, each under the key of its fire, then they are recorded. However
 * many do this at once, and wherever one of them dies, a fire is decided once and becomes one session.
 */
export const tickSchedule = async (deps: Deps, scheduleId: string): Promise<void> => {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const { schedule, open } = await deps.store.loadSchedule(scheduleId);
    if (schedule === null) return;
    const decided = await decideDue(deps, schedule, open);
    if (decided === null) continue;
    if (decided.state.starting.length === 0) return;
    if ((await makeStarts(deps, decided)).result === "committed") return;
  }
  throw contention();
};

/** A tick that sets a failing schedule aside for a minute instead of throwing. */
export const tickScheduleSafely = async (deps: Deps, scheduleId: string): Promise<void> => {
  try {
    await tickSchedule(deps, scheduleId);
  } catch (error) {
    deps.log.log("error", "a schedule could not be fired", { scheduleId, error: describeFailure(error) });
    // The next sweep tries again.
    if (error instanceof OpsError && error.retryable) return;
    const now = deps.clock.now();
    try {
      await deps.store.postponeSchedule(scheduleId, now, now + POSTPONE_MS);
    } catch (again) {
      deps.log.log("error", "a schedule could not be postponed", { scheduleId, error: describeFailure(again) });
    }
  }
};
