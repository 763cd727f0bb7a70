import type { Agent } from "../agent/agent.ts";
import type { Meaning } from "../agent/state-meaning.ts";
import { parseTaskRef, type TaskRef } from "../ids.ts";
import type { Json, JsonObject } from "../json.ts";
import { isJsonObject } from "../json.ts";
import type { Result, Usage } from "../session/events.ts";
import type { SessionState } from "../session/state.ts";

/** A moment by the agent's own clock (µs), ties broken by when it was received (ms). */
export interface Moment {
  readonly sentMicros: number;
  readonly receivedAt: number;
}

/** Earlier reports tied to the attempt in flight, as far as they can complete it together with this one. */
export interface Pair {
  readonly earliestWorking: Moment | null;
  /** `details`: what it brought; it is the result also when the *working* report arrives last. */
  readonly latestFree: (Moment & { readonly details?: JsonObject | null }) | null;
}

export interface IncomingReport extends Moment {
  readonly meaning: Meaning;
  readonly details: JsonObject | null;
}

export type NotApplied = "stale_attempt" | "unknown_task" | "other_agent";

/** What a report means for the task it may speak of. */
export type Interpretation =
  /** Only the agent's state changes. `attemptId`: the attempt in flight it is tied to. */
  | { readonly kind: "agent_only"; readonly attemptId: string | null }
  | {
      readonly kind: "settle";
      readonly attemptId: string | null;
      readonly ref: TaskRef;
      readonly result: Result;
      readonly usage?: Usage;
      readonly startedAt: number | null;
    }
  /** `attemptId`: an attempt that this agent has settled; what is said of it late says nothing of the agent now. */
  | { readonly kind: "not_applied"; readonly reason: NotApplied; readonly attemptId?: string };

const text = (value: Json | undefined): string | null => (typeof value === "string" && value !== "" ? value : null);

/** The task a report names: `opscore_task_id`, `task_id` or `taskId` in its details. */
export const taskNamedIn = (details: JsonObject | null): string | null =>
  text(details?.["opscore_task_id"]) ?? text(details?.["task_id"]) ?? text(details?.["taskId"]);

/** What a report says was used; anything but an object is none. */
export const usageIn = (details: JsonObject | null): Usage | undefined => {
  const usage = details?.["usage"];
  return isJsonObject(usage) ? (usage as JsonObject) : undefined;
};

/** The failure in a *trouble* report: `error {code, message, retryable}`, or `error_code` and `message`, or a text. */
const failureIn = (details: JsonObject | null): Result => {
  const error = details?.["error"];
  const inner = isJsonObject(error) ? (error as JsonObject) : {};
  const code = text(inner["code"]) ?? text(details?.["error_code"]) ?? "agent_failed";
  const message =
    text(inner["message"]) ??
    text(details?.["message"]) ??
    text(error) ??
    "the agent reported an error without saying more";
  const retryable = inner["retryable"];
  return { kind: "failed", error: { code, message }, ...(typeof retryable === "boolean" ? { retryable } : {}) };
};

const resultOf = (meaning: "free" | "trouble", details: JsonObject | null): Result => {
  if (meaning === "trouble") return failureIn(details);
  // Clients write null for what they do not have: it is none under either name.
  const output = details?.["result"] ?? details?.["output"] ?? null;
  return { kind: "completed", ...(output === null ? {} : { output }) };
};

/** Result and usage come from the same report: the one that ends the task, not the one that arrives last. */
const saidIn = (
  meaning: "free" | "trouble",
  details: JsonObject | null,
): { readonly result: Result; readonly usage?: Usage } => {
  const usage = usageIn(details);
  return { result: resultOf(meaning, details), ...(usage === undefined ? {} : { usage }) };
};

const notAfter = (a: Moment, b: Moment): boolean =>
  a.sentMicros < b.sentMicros || (a.sentMicros === b.sentMicros && a.receivedAt <= b.receivedAt);

/** An attempt of the session that the report names but this agent does not hold. */
const strayReason = (ref: TaskRef, session: SessionState | null): NotApplied => {
  if (session === null || ref.n > session.tasks) return "unknown_task";
  const open = session.open.find((task) => task.n === ref.n);
  if (open?.phase === "dispatched" && (ref.attempt === null || ref.attempt === open.attempt)) return "other_agent";
  const known = open === undefined || (ref.attempt ?? 0) <= open.attempt;
  return known ? "stale_attempt" : "unknown_task";
};

const byId = (agent: Agent, report: IncomingReport, named: string, session: SessionState | null): Interpretation => {
  const ref = parseTaskRef(named);
  if (ref === null) return { kind: "not_applied", reason: "unknown_task" };
  const held = Object.keys(agent.tasks).find(
    (id) => id === named || (ref.attempt === null && id.startsWith(`${named}:`)),
  );
  if (report.meaning === "free" || report.meaning === "trouble") {
    if (session === null) return { kind: "not_applied", reason: "unknown_task" };
    return { kind: "settle", attemptId: held ?? null, ref, startedAt: null, ...saidIn(report.meaning, report.details) };
  }
  if (held !== undefined) return { kind: "agent_only", attemptId: held };
  const settled = agent.settled.find((id) => id === named || (ref.attempt === null && id.startsWith(`${named}:`)));
  const reason = strayReason(ref, session);
  return { kind: "not_applied", reason, ...(settled === undefined ? {} : { attemptId: settled }) };
};

/**
 * Ties a state report to the work it may speak of. With a task's id *free* completes and *trouble* fails it,
 * in any order of timestamps. Without one, the only task in flight is meant, if the report is later by the
 * agent's own clock than its last before the dispatch; and *free* needs a *working* report that passes the
 * same test and is not later than it. Whichever of the two arrives last settles the task.
 */
export const interpretReport = (
  agent: Agent,
  report: IncomingReport,
  pair: Pair,
  session: SessionState | null,
): Interpretation => {
  const named = taskNamedIn(report.details);
  if (named !== null) return byId(agent, report, named, session);
  const held = Object.entries(agent.tasks);
  const [only] = held;
  if (only === undefined || held.length > 1) return { kind: "agent_only", attemptId: null };
  const [attemptId, entry] = only;
  const ref = parseTaskRef(attemptId);
  const after = (moment: Moment): boolean => moment.sentMicros > (entry.lastSentMicros ?? Number.NEGATIVE_INFINITY);
  if (ref === null || !after(report)) return { kind: "agent_only", attemptId: null };
  const settle = (
    meaning: "free" | "trouble",
    details: JsonObject | null,
    startedAt: number | null,
  ): Interpretation => ({ kind: "settle", attemptId, ref, startedAt, ...saidIn(meaning, details) });
  switch (report.meaning) {
    case "trouble":
      return settle("trouble", report.details, null);
    case "free": {
      const working = pair.earliestWorking;
      return working !== null && after(working) && notAfter(working, report)
        ? settle("free", report.details, working.receivedAt)
        : { kind: "agent_only", attemptId };
    }
    case "working": {
      const free = pair.latestFree;
      return free !== null && after(free) && notAfter(report, free)
        ? settle("free", free.details ?? null, report.receivedAt)
        : { kind: "agent_only", attemptId };
    }
    case "other":
      return { kind: "agent_only", attemptId };
  }
};
