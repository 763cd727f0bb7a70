import fc from "fast-check";
import { expect } from "vitest";
import { rebuild } from "../../src/app/rebuild/rebuild.ts";
import { openLibsql } from "../../src/store/libsql.ts";
import { createRebuildStore } from "../../src/store/rebuild-store.ts";
import { call, notification, NOTIFY, sessionOf, silentAgents, stamp, stateOf, type Json } from "./api.ts";
import { MAX_ATTEMPTS, type FleetModel, type ModelSession } from "./fleet-model.ts";
import { createWorld, type World } from "./world.ts";

/** The engine over a database file, which outlives its process. */
export interface Real {
  readonly url: string;
  world: World;
  bits: number;
}

export type FleetCommand = fc.AsyncCommand<FleetModel, Real>;

/** A process over the file: nothing but the file is remembered, and time goes on. */
export const openReal = async (url: string, now?: number, bits = 1): Promise<Real> => {
  const sql = await openLibsql({ url });
  const close = async (): Promise<void> => sql.close();
  const platform = { name: "libsql", openSql: async () => ({ sql, close }), call: silentAgents().call } as const;
  const world = await createWorld(platform, { call: silentAgents().call, ...(now === undefined ? {} : { now }) });
  const real: Real = { url, world, bits };
  const next = (): number => (real.bits = (real.bits * 48_271) % 2_147_483_647) % 256;
  Object.assign(world.deps.entropy, { bytes: (length: number) => Uint8Array.from({ length }, next) });
  return real;
};

const retry = { maxAttempts: MAX_ATTEMPTS, initialInterval: "0s" };

const definitionOf = (capabilities: readonly string[]): Json => ({
  id: capabilities.join("-"),
  name: "Model",
  tasks: capabilities.map((agentCapability, at) => ({ taskId: `t${at}`, agentCapability, retry })),
});

/** Lets the engine do all it can without time, tells the model whom it gave tasks, and compares all that can be read. */
const agree = async (model: FleetModel, real: Real): Promise<void> => {
  const { world } = real;
  await world.flush();
  await world.sweep();
  await world.sweep();
  const views = new Map<string, Awaited<ReturnType<typeof sessionOf>>>();
  for (const session of model.sessions.values()) {
    const view = await sessionOf(world, session.id);
    views.set(session.id, view);
    const flying = view.tasks.flatMap(({ attempts }) => attempts.filter(({ status }) => status === "running"));
    expect(flying.length).toBeLessThanOrEqual(1);
    const [attempt] = flying;
    if (attempt === undefined) expect(session.flying, session.id).toBeNull();
    else if (session.flying === null) model.given(session, attempt.id, attempt.agentId);
    else expect(session.flying).toEqual({ attemptId: attempt.id, agentId: attempt.agentId });
  }
  expect(model.forgotten()).toEqual([]);
  for (const session of model.sessions.values()) {
    const view = views.get(session.id)!;
    const open = session.flying !== null ? ["running"] : ["started", "waiting"];
    expect(session.status === "open" ? open : [session.status]).toContain(view["status"]);
    expect(view["waitingFor"] === null).toBe(session.status !== "open");
    const done = view.tasks.filter(({ status }) => status === "completed");
    expect(done.map(({ output }) => output)).toEqual(session.outputs);
  }
  for (const [id, { state, registered }] of model.agents) {
    expect((await stateOf(world, id))["state"]).toBe(state ?? "UNKNOWN");
    const { body } = await call(world, "GET", `/v1/opscore/agents/${id}`);
    expect(body["registration"]).toBe(registered ? "registered" : "deregistered");
  }
  const list = await call(world, "GET", "/v1/opscore/sessions?limit=200");
  const ids = (list.body["data"] as Json[]).map(({ sessionId }) => sessionId as string);
  expect(ids.toSorted()).toEqual([...model.sessions.keys()].toSorted());
  const found: unknown[] = [];
  const store = createRebuildStore(world.sql);
  await rebuild({ store, clock: world.clock, write: false, tell: (finding) => found.push(finding) });
  expect(found).toEqual([]);
};

type Act = (model: FleetModel, real: Real) => Promise<void>;

/** A command that takes a second, after which the real thing and the model agree. */
const command = (name: string, act: Act, check: (model: FleetModel) => boolean = () => true): FleetCommand => ({
  check: (model) => check(model),
  run: async (model, real) => {
    real.world.clock.advance(1_000);
    await act(model, real);
    await agree(model, real);
  },
  toString: () => name,
});

const nth = <T>(all: readonly T[], n: number): T => all[n % all.length]!;

const register = (id: string, capabilities: readonly string[]): FleetCommand =>
  command(`register ${id} [${capabilities.join(" ")}]`, async (model, { world }) => {
    const body = { agentName: id, version: "1", capabilities, contactEndpoint: `http://${id}.test/task` };
    expect((await call(world, "PUT", `/v1/opscore/agents/${id}`, body)).status).toBe(model.agents.has(id) ? 200 : 201);
    model.register(id, capabilities);
  });

const deregister = (id: string): FleetCommand =>
  command(
    `deregister ${id}`,
    async (model, { world }) => {
      expect((await call(world, "POST", NOTIFY, notification("DEREGISTER", { agentId: id }))).status).toBe(200);
      model.deregister(id);
    },
    (model) => model.agents.get(id)?.registered === true,
  );

const report = (id: string, state: string): FleetCommand =>
  command(
    `report ${id} ${state}`,
    async (model, { world }) => {
      const body = { agentId: id, state, timestamp: stamp(world), details: {} };
      const [first, again] = [
        await call(world, "POST", `/v1/opscore/agent/${id}/state`, body),
        await call(world, "POST", `/v1/opscore/agent/${id}/state`, body),
      ];
      expect([first.status, again.status, again.text]).toEqual([202, 202, first.text]);
      model.report(id, state);
    },
    (model) => model.agents.get(id)?.registered === true,
  );

const start = (capabilities: readonly string[], key: number): FleetCommand =>
  command(`start ${capabilities.join(" then ")} #${key}`, async (model, { world }) => {
    const body = { workflowDefinition: definitionOf(capabilities) };
    const headers = { "Idempotency-Key": `${capabilities.join("-")}.${key}` };
    const [first, again] = [
      await call(world, "POST", "/v1/opscore/sessions", body, headers),
      await call(world, "POST", "/v1/opscore/sessions", body, headers),
    ];
    expect([first.status, again.status, again.text]).toEqual([202, 202, first.text]);
    const id = first.body["sessionId"] as string;
    if (!model.sessions.has(id)) model.start(id, capabilities);
  });

const flying = (model: FleetModel): readonly ModelSession[] =>
  [...model.sessions.values()].filter((session) => session.flying !== null);

const settle = (n: number, output: unknown): FleetCommand =>
  command(
    `${output === undefined ? "fail" : "complete"} in flight #${n}`,
    async (model, { world }) => {
      const session = nth(flying(model), n);
      const path = `/v1/opscore/tasks/${session.flying!.attemptId}/${output === undefined ? "fail" : "complete"}`;
      const body = output === undefined ? { error: { code: "no", message: "it failed" } } : { output };
      const reply = await call(world, "POST", path, body);
      expect(reply.status, reply.text).toBe(200);
      model.settle(session, output === undefined ? "failed" : { output });
      model.calls.push({ path, body, text: reply.text });
    },
    (model) => flying(model).length > 0,
  );

const settleAgain = (n: number): FleetCommand =>
  command(
    `say settle call #${n} again`,
    async (model, { world }) => {
      const { path, body, text } = nth(model.calls, n);
      const reply = await call(world, "POST", path, body);
      expect([reply.status, reply.text]).toEqual([200, text]);
    },
    (model) => model.calls.length > 0,
  );

const cancel = (n: number): FleetCommand =>
  command(
    `cancel session #${n}`,
    async (model, { world }) => {
      const session = nth([...model.sessions.values()], n);
      const reply = await call(world, "POST", `/v1/opscore/sessions/${session.id}/cancel`, {});
      expect(reply.status).toBe({ open: 202, cancelled: 200, completed: 409, failed: 409 }[session.status]);
      if (session.status === "open") model.cancel(session);
    },
    (model) => model.sessions.size > 0,
  );

const wait = (seconds: number): FleetCommand =>
  command(`wait ${seconds} s`, (_model, { world }) => world.pass(seconds * 1_000));

const restart = (): FleetCommand =>
  command("restart", async (_model, real) => {
    await real.world.close();
    real.world = (await openReal(real.url, real.world.clock.now(), real.bits)).world;
  });

const agents = fc.constantFrom("a", "b", "c");
const number = fc.nat(20);

/** Any commands. All time together stays below the deadlines: what these do is the simulator's to show. */
export const anyCommands = fc.commands<FleetModel, Real, false>(
  [
    fc.tuple(agents, fc.constantFrom(["x"], ["y"], ["x", "y"])).map((all) => register(...all)),
    agents.map(deregister),
    fc
      .tuple(agents, fc.constantFrom("idle", "idle", "active", "active", "error", "lunch"))
      .map((all) => report(...all)),
    fc.tuple(fc.constantFrom(["x"], ["x", "y"]), fc.nat(9)).map((all) => start(...all)),
    fc.tuple(number, fc.constantFrom({ done: 1 }, null, "text")).map((all) => settle(...all)),
    number.map((n) => settle(n, undefined)),
    number.map(settleAgain),
    number.map(cancel),
    fc.constantFrom(1, 10, 35).map(wait),
    fc.constant(null).map(restart),
  ] as fc.Arbitrary<FleetCommand>[] as never,
  { maxCommands: 24, size: "max" },
);
