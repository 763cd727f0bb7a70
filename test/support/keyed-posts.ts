import { expect } from "vitest";
import { call, register, silentAgents, start, type Json, type worldsOf } from "./api.ts";
import type { World } from "./world.ts";

export const BASE = "/v1/opscore";

/** A world in which one operation can be done, and what it is done with. */
export interface Stage {
  readonly world: World;
  readonly body: Json;
  /** Fills the path. */
  readonly path: Readonly<Record<string, string>>;
}

const REPORT: Json = {
  id: "report",
  name: "Report",
  tasks: [
    { taskId: "draft", agentId: "writer-1", dependsOn: [], retry: { maxAttempts: 3, initialInterval: "1h" } },
    { taskId: "sign_off", type: "approval", dependsOn: [] },
  ],
};

const SCHEDULE: Json = { cron: "@daily", workflowDefinitionId: "report" };

/** What an operation needs besides what is always there. */
const preparations: Readonly<Record<string, (world: World, sessionId: string) => Promise<unknown>>> = {
  resumeSession: (world, id) => call(world, "POST", `${BASE}/sessions/${id}/pause`),
  rerunSession: (world, id) => call(world, "POST", `${BASE}/sessions/${id}/cancel`),
  resumeSchedule: (world) => call(world, "POST", `${BASE}/schedules/nightly/pause`),
  retryTask: (world, id) =>
    call(world, "POST", `${BASE}/tasks/tsk_${id.slice(4)}.1:1/fail`, {
      error: { code: "boom", message: "boom", retryable: true },
    }),
};

const bodies: Readonly<Record<string, Json>> = {
  triggerWorkflow: { workflowDefinitionId: "report" },
  saveWorkflow: REPORT,
  startSession: { workflowDefinitionId: "report" },
  changeSessions: { action: "cancel", filter: { workflowId: "report" } },
  enqueueTask: { agentId: "writer-1" },
  createSchedule: SCHEDULE,
  createKey: { name: "another", role: "viewer" },
  createWebhook: { url: "http://hook.test/" },
};

/** One agent that takes work in silence, a definition, a session of it under way, a schedule, a task for later. */
export const openStage = async (open: ReturnType<typeof worldsOf>, operationId: string): Promise<Stage> => {
  const world = await open({ call: silentAgents().call });
  await register(world, { agentId: "writer-1" });
  expect((await call(world, "POST", `${BASE}/workflows`, REPORT)).status).toBe(201);
  const sessionId = await start(world, { workflowDefinitionId: "report" });
  expect((await call(world, "PUT", `${BASE}/schedules/nightly`, SCHEDULE)).status).toBe(201);
  const later = await call(world, "POST", `${BASE}/tasks`, { agentId: "writer-1", at: "2030-01-01T00:00:00Z" });
  const webhook = await call(world, "POST", `${BASE}/webhooks`, { url: "http://hook.test/" });
  const webhookId = String(webhook.body["webhookId"]);
  const ping = await call(world, "POST", `${BASE}/webhooks/${webhookId}/test`);
  const key = await call(world, "POST", `${BASE}/keys`, { name: "one", role: "viewer" });
  if (operationId === "enableWebhook") await call(world, "POST", `${BASE}/webhooks/${webhookId}/disable`);
  await preparations[operationId]?.(world, sessionId);
  await world.flush();
  return {
    world,
    body: bodies[operationId] ?? {},
    path: {
      agentId: "writer-1",
      sessionId,
      scheduleId: "nightly",
      name: "paid",
      webhookId,
      keyId: String(key.body["keyId"]),
      deliveryId: String(ping.body["deliveryId"]),
      id: String(later.body["id"]),
      task: ["approveTask", "rejectTask"].includes(operationId) ? "sign_off" : "draft",
    },
  };
};

/** The path of an operation on a stage. */
export const stagedPath = (name: string, { path }: Stage): string =>
  (name.split(" ")[1] ?? "").replaceAll(/\{(\w+)\}/g, (_, parameter: string) => path[parameter] ?? "");
