import type { ScheduleDetail } from "../app/schedules/read-schedule.ts";
import type { ScheduleListRow } from "../app/schedule-port.ts";
import type { ScheduleAnswer, ScheduleDetailAnswer } from "../contract/answers/schedule.ts";
import { formatMoment, formatRfc3339 } from "../contract/timestamp.ts";

/** A schedule in a list: no payload, no fires. */
export const scheduleToWire = ({ id, spec, state, createdAt, updatedAt }: ScheduleListRow): ScheduleAnswer => ({
  scheduleId: id,
  cron: spec.cron,
  timeZone: spec.timeZone,
  workflowDefinitionId: spec.workflowId,
  revision: spec.revision,
  agentId: spec.agentId,
  overlap: spec.overlap,
  catchUp: spec.catchUp,
  description: spec.description,
  paused: state.paused,
  nextFireAt: formatMoment(state.nextAt),
  counts: state.counts,
  createdAt: formatRfc3339(createdAt),
  updatedAt: formatRfc3339(updatedAt),
});

/** `lastFires`: newest first. `bufferedFire`: the nominal time that waits for one of `runningSessions` to end. */
export const scheduleDetailToWire = ({ schedule, nextFires, open }: ScheduleDetail): ScheduleDetailAnswer => {
  const { state, spec } = schedule;
  return {
    ...scheduleToWire(schedule),
    initialPayload: spec.input,
    nextFires: nextFires.map(formatRfc3339),
    runningSessions: open,
    bufferedFire: formatMoment(state.buffered),
    lastFires: state.fires
      .map(({ at, by, outcome, sessionId, reason, count }) => ({
        at: formatRfc3339(at),
        by,
        outcome,
        sessionId,
        reason,
        count,
      }))
      .toReversed(),
  };
};
