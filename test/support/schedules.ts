import { expect, vi } from "vitest";
import { call, oneTask, register, silentAgents, worldsOf, type Json, type Reply } from "./api.ts";
import type { Platform, World, WorldOptions } from "./world.ts";

export const SCHEDULES = "/v1/opscore/schedules";
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export interface FireBody {
  readonly at: string;
  readonly by: string;
  readonly outcome: string;
  readonly sessionId: string | null;
  readonly reason: { readonly code: string; readonly message: string } | null;
  readonly count: number;
}

export interface ScheduleView extends Json {
  readonly scheduleId: string;
  readonly paused: boolean;
  readonly nextFireAt: string | null;
  readonly nextFires: readonly string[];
  readonly lastFires: readonly FireBody[];
  readonly runningSessions: readonly string[];
  readonly bufferedFire: string | null;
  readonly counts: Readonly<Record<"started" | "skipped" | "failed" | "missed", number>>;
}

/** A world with a workflow `w` for the agent `a`, which keeps what it is given until the test settles it. */
export interface ScheduleWorld extends World {
  /** Makes the schedule `s`: each minute, unless said otherwise. */
  schedule(more?: Json, id?: string): Promise<ScheduleView>;
  show(id?: string): Promise<ScheduleView>;
  /** All sessions, oldest first. */
  sessions(): Promise<
    readonly { readonly sessionId: string; readonly status: string; readonly reason: string | null }[]
  >;
  /** The n-th fire from the oldest kept as `outcome at [code]`, times without their date where they are of the first day. */
  fires(id?: string): Promise<readonly string[]>;
  complete(sessionId: string): Promise<void>;
  post(path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Reply>;
}

const short = (instant: string): string => instant.replace("2026-11-22T", "").replace(/:00\.000Z$/, "");

export const scheduleWorlds = (platform: Platform) => {
  const open = worldsOf(platform);
  // Hundreds of round trips, on whatever machine.
  vi.setConfig({ testTimeout: 60_000 });
  return async (options: WorldOptions = {}, on: Platform = platform): Promise<ScheduleWorld> => {
    const { call: take } = silentAgents();
    const world = await open({ call: take, ...options }, on);
    await register(world, { agentId: "a", metadata: { config: { maxConcurrentTasks: 100 } } });
    expect((await call(world, "POST", "/v1/opscore/workflows", oneTask("a", "w"))).status).toBe(201);
    const self: ScheduleWorld = {
      ...world,
      schedule: async (more = {}, id = "s") => {
        const body = { cron: "* * * * *", workflowDefinitionId: "w", ...more };
        const reply = await call(world, "PUT", `${SCHEDULES}/${id}`, body);
        expect(reply.status, reply.text).toBeLessThan(300);
        return reply.body as ScheduleView;
      },
      show: async (id = "s") => {
        const reply = await call(world, "GET", `${SCHEDULES}/${id}`);
        expect(reply.status, reply.text).toBe(200);
        return reply.body as ScheduleView;
      },
      sessions: async () => {
        const { body } = await call(world, "GET", "/v1/opscore/sessions?limit=200");
        return (body["data"] as { sessionId: string; status: string; reason: string | null }[]).toReversed();
      },
      fires: async (id = "s") =>
        (await self.show(id)).lastFires
          .map(({ outcome, at, reason }) => `${outcome} ${short(at)}${reason === null ? "" : ` ${reason.code}`}`)
          .toReversed(),
      complete: async (sessionId) => {
        const path = `/v1/opscore/tasks/tsk_${sessionId.slice(4)}.1:1/complete`;
        expect((await call(world, "POST", path, {})).status).toBe(200);
        await world.flush();
      },
      post: (path, body, headers) =>
        call(world, "POST", path === "" ? SCHEDULES : `${SCHEDULES}/${path}`, body, headers),
    };
    return self;
  };
};
