import { inject } from "vitest";
import { createTaskCaller, type TaskCallerOptions } from "../../src/agentkit/task-caller.ts";
import type { CallOutcome, HttpTaskRequest, TaskCaller, ToolTaskRequest } from "../../src/app/call-port.ts";
import { markerOf } from "../../src/core/workflow/secret-marker.ts";
import type {} from "./fleet.ts";
import type { OddAnswer } from "./odd-protocol.ts";
import type { Platform } from "./world.ts";

export const NOW = Date.UTC(2026, 10, 22, 8, 0, 0);

/** Values that are written differently in URLs, forms and JSON. */
export const SECRETS = new Map([
  ["TOKEN", "hush-token-0815"],
  ["ODD", 'hush /ö?&="quoted"+%41\\'],
  ["PIN", "4711471100"],
  ["HOST", "10.9.8.7"],
]);

/** The real caller over the platform's real HTTP. */
export const callerOf = (platform: Platform, options: Partial<TaskCallerOptions> = {}): TaskCaller =>
  createTaskCaller({
    call: platform.call,
    agentKitUrl: "http://127.0.0.1:1/v1",
    agentKitApiKey: null,
    egress: "local",
    secrets: SECRETS,
    now: () => NOW,
    ...options,
  });

export const httpTask = (path: string, options: Partial<HttpTaskRequest> = {}): HttpTaskRequest => ({
  method: "GET",
  url: path.startsWith("/") ? `${inject("oddUrl")}${path}` : path,
  headers: {},
  body: undefined,
  timeoutMs: 10_000,
  idempotencyKey: "tsk_1.1",
  traceparent: "00-11111111111111111111111111111111-2222222222222222-01",
  success: {},
  ...options,
});

export const answering = (answer: OddAnswer): string => `/answer?${encodeURIComponent(JSON.stringify(answer))}`;

export const toolTask = (toolName: string, options: Partial<ToolTaskRequest> = {}): ToolTaskRequest => ({
  agentId: "agent-1",
  toolName,
  arguments: { x: 1, y: 2 },
  sessionId: "ses_1",
  taskId: "tsk_1.1",
  attemptId: "tsk_1.1:2",
  timeoutMs: 10_000,
  ...options,
});

export const secret = markerOf;

/** Throws for a failure, and says which. */
export const outputOf = (outcome: CallOutcome): unknown => {
  if (outcome.kind === "answered") return outcome.output;
  throw new Error(`${outcome.code}: ${outcome.message}`);
};

/** What the other side said as it failed us. */
export const answerOf = (outcome: CallOutcome): unknown => (outcome.kind === "failed" ? outcome.answer : undefined);
