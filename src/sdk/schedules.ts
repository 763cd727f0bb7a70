import type { ScheduleAnswer, ScheduleDetailAnswer, ScheduleTriggeredAnswer } from "../contract/answers/schedule.ts";
import type { NewSchedule, ScheduleSpec } from "./inputs.ts";
import type { CallOptions, KeyedOptions } from "./options.ts";
import { pagedBy, type Paged, type PageQuery } from "./pages.ts";
import type { Transport } from "./transport.ts";

/** What starts sessions by the calendar. */
export interface Schedules {
  create(schedule: NewSchedule, options?: KeyedOptions): Promise<ScheduleDetailAnswer>;
  list(query?: PageQuery, options?: CallOptions): Paged<ScheduleAnswer>;
  /** With the next times and the last fires. */
  get(scheduleId: string, options?: CallOptions): Promise<ScheduleDetailAnswer>;
  /** Makes or replaces it. Not repeated by itself: it might undo a later change. */
  put(scheduleId: string, schedule: ScheduleSpec, options?: CallOptions): Promise<ScheduleDetailAnswer>;
  /** Also succeeds if there is none. Not repeated by itself. */
  delete(scheduleId: string, options?: CallOptions): Promise<null>;
  pause(scheduleId: string, options?: KeyedOptions): Promise<ScheduleDetailAnswer>;
  resume(scheduleId: string, options?: KeyedOptions): Promise<ScheduleDetailAnswer>;
  /** Starts a session of it now. */
  trigger(scheduleId: string, options?: KeyedOptions): Promise<ScheduleTriggeredAnswer>;
}

/** @internal */
export const schedulesOf = ({ send }: Transport): Schedules => ({
  create: (body, options) => send("POST /v1/opscore/schedules", { repeat: "keyed", body, options }),
  list: (page = {}, options) =>
    pagedBy(
      (query, callOptions) => send("GET /v1/opscore/schedules", { repeat: "read", query, options: callOptions }),
      page,
      options,
    ),
  get: (scheduleId, options) =>
    send("GET /v1/opscore/schedules/{scheduleId}", { repeat: "read", path: { scheduleId }, options }),
  put: (scheduleId, body, options) =>
    send("PUT /v1/opscore/schedules/{scheduleId}", { repeat: "never", path: { scheduleId }, body, options }),
  delete: (scheduleId, options) =>
    send("DELETE /v1/opscore/schedules/{scheduleId}", { repeat: "never", path: { scheduleId }, options }),
  pause: (scheduleId, options) =>
    send("POST /v1/opscore/schedules/{scheduleId}/pause", { repeat: "keyed", path: { scheduleId }, options }),
  resume: (scheduleId, options) =>
    send("POST /v1/opscore/schedules/{scheduleId}/resume", { repeat: "keyed", path: { scheduleId }, options }),
  trigger: (scheduleId, options) =>
    send("POST /v1/opscore/schedules/{scheduleId}/trigger", { repeat: "keyed", path: { scheduleId }, options }),
});
