import { pageQuery } from "../pages.ts";
import { emptySchema, scheduleBody } from "../schedules.ts";
import { operation } from "./operation.ts";
import { pageWith, schedule, scheduleDetail, scheduleRequest, SESSION } from "./samples.ts";

const path = { scheduleId: "nightly" };
const nothing = { schema: emptySchema, required: false, example: {} };

/** Sessions by the calendar. */
export const scheduleOperations = {
  "POST /v1/opscore/schedules": operation(
    "createSchedule",
    "Schedules",
    "schedules:write",
    [
      "Create a schedule",
      "Under the id that the body names, or one of ours. The same content under the same id again is 200.",
    ],
    {
      idempotent: true,
      body: { schema: scheduleBody, example: { scheduleId: "nightly", ...scheduleRequest } },
      headers: ["Location"],
      answer: scheduleDetail,
    },
  ),
  "GET /v1/opscore/schedules": operation(
    "listSchedules",
    "Schedules",
    "schedules:read",
    ["List schedules", "All schedules, newest first."],
    { query: pageQuery, answer: pageWith(schedule) },
  ),
  "GET /v1/opscore/schedules/{scheduleId}": operation(
    "getSchedule",
    "Schedules",
    "schedules:read",
    ["Read a schedule", "A schedule with its last fires and its next times."],
    { path, headers: ["ETag"], answer: scheduleDetail },
  ),
  "PUT /v1/opscore/schedules/{scheduleId}": operation(
    "putSchedule",
    "Schedules",
    "schedules:write",
    ["Set a schedule", "Makes a schedule (201) or replaces it (200). A change counts from now on."],
    { path, body: { schema: scheduleBody, example: scheduleRequest }, answer: scheduleDetail },
  ),
  "DELETE /v1/opscore/schedules/{scheduleId}": operation(
    "deleteSchedule",
    "Schedules",
    "schedules:write",
    ["Delete a schedule", "Its sessions go on. One that is gone, or never was, is 204 as well."],
    { path, answer: null },
  ),
  "POST /v1/opscore/schedules/{scheduleId}/pause": operation(
    "pauseSchedule",
    "Schedules",
    "schedules:write",
    ["Pause a schedule", "It stands still; what would fire meanwhile is not made up for."],
    {
      path,
      idempotent: true,
      body: nothing,
      answer: { ...scheduleDetail, paused: true, nextFireAt: null, nextFires: [] },
    },
  ),
  "POST /v1/opscore/schedules/{scheduleId}/resume": operation(
    "resumeSchedule",
    "Schedules",
    "schedules:write",
    ["Resume a schedule", "It fires again, from the next nominal time on."],
    { path, idempotent: true, body: nothing, answer: scheduleDetail },
  ),
  "POST /v1/opscore/schedules/{scheduleId}/trigger": operation(
    "triggerSchedule",
    "Schedules",
    "schedules:write",
    ["Start a session of a schedule now", "Also while it is paused, and beside other sessions of it."],
    {
      path,
      idempotent: true,
      body: nothing,
      headers: ["Location"],
      answer: { sessionId: SESSION, workflowId: "report", scheduleId: "nightly" },
    },
  ),
};
