import { expect, test, vi, onTestFinished } from "vitest";
import { ANSWER_MS, boundedSql, LOOK_UP_MS } from "../../src/store/bounded-sql.ts";
import type { Sql, SqlResult } from "../../src/store/sql-port.ts";
import { call, expectProblem, type Json } from "../support/api.ts";
import { memoryPlatform } from "../support/memory-platform.ts";
import { createOutside } from "../support/outside.ts";
import { plainWorlds, taskFor } from "../support/plain-world.ts";
import { commitOf, putSession, stores } from "../support/stored.ts";

/** A hanging store's bound (real ms): what the database in memory answers is there before any time has passed. */
const HANG_MS = 3;

/** A database that hangs in some modes; what it was asked then it does when the test says so. */
const createHanging = () => {
  const hanging = {
    modes: [] as readonly ("read" | "write")[],
    owed: [] as (() => Promise<readonly SqlResult[]>)[],
    /** Does what is owed, in order. */
    settle: async (): Promise<number> => {
      hanging.modes = [];
      const late = hanging.owed.splice(0);
      for (const batch of late) await batch();
      return late.length;
    },
    around: (sql: Sql): Sql => ({
      batch: (statements, mode) => {
        const answer = () => sql.batch(statements, mode);
        if (!hanging.modes.includes(mode)) return answer();
        hanging.owed.push(answer);
        return new Promise(() => undefined);
      },
    }),
  };
  return hanging;
};

const hanging = createHanging();
const openWorld = plainWorlds(memoryPlatform((sql) => boundedSql(hanging.around(sql), HANG_MS)));
const openStore = stores(memoryPlatform());

// Committed before the caller repeats it, or only after the repetition was accepted.
test.each(["before", "after"] as const)(
  "P8: what was answered 503 and is committed %s it is repeated has one effect",
  async (when) => {
    hanging.modes = [];
    let clock = (): number => 0;
    const outside = createOutside(() => clock());
    const world = await openWorld({ mode: "direct", call: outside.call });
    clock = () => world.clock.now();
    for (const id of ["settles", "reports", "cancelled"]) await world.register(id, [id]);
    const [settles, reports, cancelled] = [
      await world.start(taskFor("settles")),
      await world.start(taskFor("reports")),
      await world.start(taskFor("cancelled")),
    ];
    await world.flush();
    const attemptOf = (id: string): string => outside.given.find(({ sessionId }) => sessionId === id)!.attemptId;
    const key = { "Idempotency-Key": "once" };
    const agent = { agentName: "new", version: "1", capabilities: [], contactEndpoint: "http://new.test/" };
    const requests: readonly (readonly [string, string, unknown, Record<string, string>?])[] = [
    ["POST", "/v1/opscore/sessions", { workflowDefinition: taskFor("nobody") }, key],
    ["PUT", "/v1/opscore/agents/new", agent],
    ["POST", `/v1/opscore/tasks/${attemptOf(settles)}/complete`, { output: 1 }],
    ["POST", "/v1/opscore/agent/reports/state", world.body("reports", "idle", { opscore_task_id: attemptOf(reports) })],
    ["POST", `/v1/opscore/sessions/${cancelled}/cancel`, undefined],
  ]; // prettier-ignore
    for (const [method, path, body, headers] of requests) {
      hanging.modes = ["write"];
      expectProblem(await call(world, method, path, body, headers), 503, "store_unavailable");
      hanging.modes = [];
      const late = hanging.owed.length;
      expect(late, path).toBe(1);
      if (when === "before") await hanging.settle();
      const repeated = await call(world, method, path, body, headers);
      expect(repeated.status, `${path} ${repeated.text}`).toBeLessThan(300);
      await world.flush();
      if (when === "after") await hanging.settle();
    }
    await world.sweep();
    const sessions = (await call(world, "GET", "/v1/opscore/sessions")).body["data"] as Json[];
    expect(sessions).toHaveLength(4);
    for (const [id, status, ending] of [
      [settles, "completed", "SessionCompleted"],
      [reports, "completed", "SessionCompleted"],
      [cancelled, "cancelled", "SessionCancelled"],
    ] as const) {
      expect(await world.status(id)).toBe(status);
      const rows = await world.deps.store.readLog(id, { after: 0, limit: 100 });
      expect(rows.flatMap(({ parsed }) => parsed).filter(({ type }) => type === ending)).toHaveLength(1);
    }
    const agents = await world.deps.store.readLog("agent:new", { after: 0, limit: 100 });
    expect(agents.map(({ seq }) => seq)).toEqual([1]);
  },
);

test("P8: a commit that was done although its answer hangs is found by its nonce", async () => {
  hanging.modes = [];
  const stored = await openStore((sql) => {
    const done: Sql = {
      batch: async (statements, mode) => {
        const results = await sql.batch(statements, mode);
        return hanging.modes.includes(mode) ? new Promise(() => undefined) : results;
      },
    };
    return boundedSql(done, HANG_MS);
  });
  const first = await putSession(stored, 1);
  hanging.modes = ["write"];
  expect(await stored.store.commitSession(await commitOf(1, { previous: first }))).toEqual({
    kind: "committed",
    wake: [],
  });
});

test("L5: a commit and its look-up that both hang are store_unavailable within 4.5 s", async () => {
  hanging.modes = [];
  const stored = await openStore((sql) => boundedSql(hanging.around(sql)));
  const commit = await commitOf(1, { previous: await putSession(stored, 1) });
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  hanging.modes = ["read", "write"];
  const failed = vi.fn();
  stored.store.commitSession(commit).catch(failed);
  await vi.advanceTimersByTimeAsync(ANSWER_MS);
  expect(hanging.owed.splice(0)).toHaveLength(2);
  expect(failed).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(LOOK_UP_MS);
  expect(failed).toHaveBeenCalledWith(expect.objectContaining({ code: "store_unavailable" }));
  expect(ANSWER_MS + LOOK_UP_MS).toBeLessThanOrEqual(4_500);
});
