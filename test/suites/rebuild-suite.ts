import { describe, expect, test } from "vitest";
import type { Counts, Finding } from "../../src/app/rebuild/findings.ts";
import { logRow, systemCause } from "../../src/app/log-row.ts";
import { rebuild } from "../../src/app/rebuild/rebuild.ts";
import type { RebuildStore } from "../../src/app/rebuild-port.ts";
import { createRebuildStore } from "../../src/store/rebuild-store.ts";
import type { Row } from "../../src/store/sql-port.ts";
import {
  call,
  notification,
  oneTask,
  register,
  report,
  sessionOf,
  silentAgents,
  start,
  worldsOf,
} from "../support/api.ts";
import { mixedAgents, mixedRun } from "../support/mixed-run.ts";
import { notifySigned, unixSeconds } from "../support/sign-webhook.ts";
import type { Platform, World } from "../support/world.ts";

const SLOW = { timeout: 60_000 };

const TABLES = ["sessions", "agents", "agent_capabilities", "waiting_tasks", "workflows", "log", "agent_log"];

const run = async (
  world: World,
  write: boolean,
  store: RebuildStore = createRebuildStore(world.sql),
): Promise<{ readonly counts: Counts; readonly findings: readonly Finding[] }> => {
  const findings: Finding[] = [];
  const counts = await rebuild({ store, clock: world.clock, write, tell: (finding) => findings.push(finding) });
  return { counts, findings };
};

const rows = async (
  world: World,
  query: string,
  ...args: readonly (string | number | null)[]
): Promise<readonly Row[]> => {
  const [result] = await world.sql.batch([{ sql: query, args }], "write");
  return result?.rows ?? [];
};

/** All rows of all tables, without what a repair may change: the guard of an agent, and timers. */
const dump = async (world: World): Promise<unknown> => {
  const tables: unknown[] = [];
  for (const table of TABLES) {
    const all = await rows(
      world,
      `SELECT * FROM ${table} ORDER BY 1, 2, 3`.replace(
        "agent_capabilities ORDER BY 1, 2, 3",
        "agent_capabilities ORDER BY 1, 2",
      ),
    );
    tables.push(all.map((row) => (table === "agents" ? { ...row, seq: 0 } : { ...row, due_at: 0 })));
  }
  return tables;
};

const short = (findings: readonly Finding[]): readonly string[] =>
  findings
    .map((one) =>
      one.kind === "damage"
        ? `damage ${one.where} ${one.seq}`
        : `${one.table}.${one.column ?? (one.row === null ? "missing" : "extra")} ${one.key}`,
    )
    .toSorted();

/** Sessions by the id of their workflow, the first of each. */
const sessionsOf = async (world: World): Promise<(workflowId: string) => string> => {
  const all = await rows(world, "SELECT id, workflow_id FROM sessions ORDER BY id");
  return (workflowId) => {
    const found = all.find((row) => row["workflow_id"] === workflowId);
    if (found === undefined) throw new Error(`no session of ${workflowId}`);
    return String(found["id"]);
  };
};

/** `rebuild`: rows are a cache of the log, and can be made anew from it. */
export const rebuildSuite = (platform: Platform): void => {
  const open = worldsOf(platform);

  const mixed = async (): Promise<World> => {
    const agents = mixedAgents();
    const world = await open({ call: agents.call });
    await mixedRun(world, agents);
    return world;
  };

  describe(`rows and the log on ${platform.name}`, () => {
    test("P4: after a mixed run all rows are the fold of the log", SLOW, async () => {
      const world = await mixed();
      const before = await dump(world);
      const { counts, findings } = await run(world, false);
      expect(findings).toEqual([]);
      expect(counts).toMatchObject({ sessions: 34, agents: 10, waitingTasks: 5, definitions: 15, moving: 0 });
      expect(counts.events).toBeGreaterThan(counts.logRows);
      expect((await run(world, true)).findings).toEqual([]);
      expect(await dump(world)).toEqual(before);
      // What is remembered for the sake of the newest report may stay once there is a newer one.
      world.clock.advance(1_000);
      await report(world, "ann", "idle");
      expect((await run(world, false)).findings).toEqual([]);
    });

    test("P4: whatever was changed in a derived column is found, and made anew from the log", SLOW, async () => {
      const world = await mixed();
      const before = await dump(world);
      const of = await sessionsOf(world);
      const [held] = Object.keys(
        JSON.parse(String((await rows(world, "SELECT tasks FROM agents WHERE id = 'bob'"))[0]!["tasks"])) as object,
      );
      const planted: readonly (readonly [table: string, column: string, key: string, value: string])[] = [
        ["sessions", "seq", of("steps"), "seq + 7"],
        ["sessions", "tx", of("steps"), "'other'"],
        ["sessions", "status", of("fails"), "'open'"],
        ["sessions", "hash", of("cancelled"), "'other'"],
        ["sessions", "workflow_id", of("lost"), "'other'"],
        ["sessions", "revision", of("lost"), "99"],
        ["sessions", "definition_hash", of("lost"), "'other'"],
        ["sessions", "head", of("rejected"), "json_set(head, '$.updatedAt', 1)"],
        ["sessions", "head", of("elsewhere"), "'no JSON'"],
        ["sessions", "needs", of("restarted"), "'{}'"],
        ["sessions", "started_at", of("restarted"), "1"],
        ["sessions", "due_at", of("bobs"), "NULL"],
        ["sessions", "due_at", of("cats"), "due_at + 86400000"],
        ["sessions", "due_at", of("short"), "1"],
        ["agents", "tx", "ann", "'other'"],
        ["agents", "log_seq", "ann", "log_seq + 5"],
        ["agents", "log_hash", "cat", "'other'"],
        ["agents", "name", "ann", "'other'"],
        ["agents", "version", "ann", "'other'"],
        ["agents", "capabilities", "ann", "'[]'"],
        ["agents", "contact_endpoint", "ann", "NULL"],
        ["agents", "metadata", "bob", "NULL"],
        ["agents", "admission", "gus", "'registered'"],
        ["agents", "registered_at", "dan", "1"],
        ["agents", "signed_at", "dan", "1"],
        ["agents", "superseded_by", "fay", "'fay2'"],
        ["agents", "aliases", "fay3", "'[]'"],
        ["agents", "queues", "fay3", "'[]'"],
        ["agents", "capacity", "bob", "1"],
        ["agents", "tasks", "bob", `json_set(tasks, '$."${held}".sentAt', 1)`],
        ["agents", "tasks", "eve", `'{"tsk_x.1:1":{"sessionId":"ses_x","sentAt":1}}'`],
        ["agents", "settled", "ann", "'[]'"],
        ["agents", "settled", "hal", `'["other"]'`],
        ["agents", "claimed_at", "hal", "1"],
        ["agents", "missed_at", "eve", "NULL"],
        ["agents", "contact_at", "hal", "NULL"],
        ["agents", "reached_by_agentkit", "hal", "1"],
        ["agents", "reports_promptly", "hal", "0"],
      ];
      for (const [table, column, key, value] of planted) {
        await rows(world, `UPDATE ${table} SET ${column} = ${value} WHERE id = ?`, key);
      }
      await rows(world, "UPDATE workflows SET needs = '{}' WHERE workflow_id = 'steps' AND revision = 1");
      await rows(world, "UPDATE waiting_tasks SET session_id = 'other' WHERE queue = 'cap:lone'");
      await rows(world, "UPDATE waiting_tasks SET not_agents = '[]' WHERE queue = 'cap:odd'");
      const corrupt = await dump(world);

      const { findings } = await run(world, false);
      const expected = planted.map(([table, column, key]) => `${table}.${column} ${key}`);
      const others = short(findings).filter((one) => !expected.includes(one));
      expect(short(findings).filter((one) => expected.includes(one))).toEqual(expected.toSorted());
      expect(others.map((one) => one.split(" ")[0])).toEqual([
        "waiting_tasks.not_agents",
        "waiting_tasks.session_id",
        "workflows.needs",
      ]);
      expect(await dump(world)).toEqual(corrupt);

      const repair = await run(world, true);
      expect(short(repair.findings)).toEqual(short(findings));
      expect(repair.findings.every((one) => one.kind === "difference" && one.repaired)).toBe(true);
      expect((await run(world, false)).findings).toEqual([]);
      expect(await dump(world)).toEqual(before);
      // The timers work again, too early rather than too late.
      await world.pass(86_400_000);
      expect((await run(world, false)).findings).toEqual([]);
    });

    test("P4: rows that are missing come back, and rows that no log knows go", SLOW, async () => {
      const world = await mixed();
      const before = await dump(world);
      const of = await sessionsOf(world);
      const [lone] = await rows(world, "SELECT * FROM waiting_tasks WHERE queue = 'cap:lone'");
      await rows(world, "DELETE FROM sessions WHERE id IN (?, ?)", of("steps"), of("lone"));
      await rows(world, "DELETE FROM waiting_tasks WHERE queue IN ('cap:lone', 'agent:cat')");
      await rows(world, "DELETE FROM agents WHERE id IN ('hal', 'fay2')");
      await rows(world, "DELETE FROM agent_capabilities WHERE agent_id = 'ann' AND capability = 'write'");
      await rows(world, "INSERT INTO agent_capabilities (capability, agent_id) VALUES ('x', 'ann'), ('x', 'nobody')");
      await rows(
        world,
        "INSERT INTO sessions SELECT 'ses_0001M7Q5CQG00H2K4N6Q8SAVCXEZ', seq, tx, status, hash, workflow_id, revision, definition_hash, head, needs, NULL, started_at, NULL, NULL FROM sessions LIMIT 1",
      );
      await rows(
        world,
        "INSERT INTO agents SELECT 'zoe', seq, tx, log_seq, log_hash, name, version, capabilities, contact_endpoint, metadata, admission, registered_at, signed_at, superseded_by, aliases, queues, capacity, '{}', settled, claimed_at, missed_at, contact_at, reached_by_agentkit, reports_promptly FROM agents LIMIT 1",
      );
      await rows(
        world,
        "INSERT INTO waiting_tasks VALUES ('cap:lone', 1, ?, ?, '[]')",
        String(lone!["task_id"]),
        of("lone"),
      );
      await rows(world, "INSERT INTO waiting_tasks VALUES ('cap:none', 1, 'no task', 'no session', '[]')");

      const { findings } = await run(world, false);
      const [cats] = await rows(world, "SELECT id FROM sessions WHERE workflow_id = 'cats' ORDER BY id DESC");
      const waits = short(findings).filter((one) => one.startsWith("waiting_tasks"));
      expect(short(findings).filter((one) => !one.startsWith("waiting_tasks"))).toEqual(
        [
          "agent_capabilities.extra x ann",
          "agent_capabilities.extra x nobody",
          "agent_capabilities.missing write ann",
          "agents.extra zoe",
          "agents.missing hal",
          "agents.missing fay2",
          "sessions.extra ses_0001M7Q5CQG00H2K4N6Q8SAVCXEZ",
          `sessions.missing ${of("steps")}`,
          `sessions.missing ${of("lone")}`,
        ].toSorted(),
      );
      expect(waits.map((one) => one.split(" ").slice(0, 2).join(" "))).toEqual([
        "waiting_tasks.extra cap:lone",
        "waiting_tasks.extra cap:none",
        "waiting_tasks.missing agent:cat",
        "waiting_tasks.missing cap:lone",
      ]);
      expect(cats).toBeDefined();

      expect(short((await run(world, true)).findings)).toEqual(short(findings));
      expect((await run(world, false)).findings).toEqual([]);
      expect(await dump(world)).toEqual(before);
    });

    test("P5: an attempt put back into its agent's row is sent again and can be settled", SLOW, async () => {
      const agents = silentAgents();
      const world = await open({ call: agents.call });
      await register(world, { agentId: "a" });
      await report(world, "a", "idle");
      const id = await start(world, { workflowDefinition: oneTask("a") });
      await rows(world, "UPDATE agents SET tasks = 'broken'");
      expect(short((await run(world, true)).findings)).toEqual(["agents.tasks a"]);
      await world.pass(31_000);
      expect(agents.sent.map(({ taskId }) => taskId)).toEqual([agents.sent[0]!.taskId, agents.sent[0]!.taskId]);
      world.clock.advance(1_000);
      await report(world, "a", "active");
      world.clock.advance(1_000);
      await report(world, "a", "idle");
      expect(await sessionOf(world, id)).toMatchObject({ status: "completed" });
      expect((await run(world, false)).findings).toEqual([]);
    });

    test("P4: a registration that arrives after a newer one leaves rows that follow from the log", SLOW, async () => {
      const world = await open({ webhookSecrets: ["secret"] });
      const signed = async (event: string, agentId: string, agentName: string, seconds: number): Promise<void> => {
        const at = unixSeconds(world.clock.now() + seconds * 1_000);
        await notifySigned(world, "secret", notification(event, { agentId, agentName }), at);
      };
      await signed("REGISTER", "new", "Worker", 10);
      await signed("REGISTER", "old", "Worker", 5);
      await signed("DEREGISTER", "never", "Other", 1);
      await signed("REGISTER", "newest", "Worker", 20);
      await signed("REGISTER", "old", "Another", 30);
      await signed("REGISTER", "older", "Worker", 6);
      const [row] = await rows(world, "SELECT admission, superseded_by, queues FROM agents WHERE id = 'older'");
      expect(row).toEqual({ admission: "superseded", superseded_by: "newest", queues: "[]" });
      expect((await run(world, false)).findings).toEqual([]);
    });

    test("P4: long logs and large fleets are read page by page", SLOW, async () => {
      const agents = silentAgents();
      const world = await open({ call: agents.call });
      for (let n = 0; n < 105; n += 1) await register(world, { agentId: `a${n}` });
      const retry = { maxAttempts: 60, initialInterval: "0s" };
      const id = await start(world, { workflowDefinition: oneTask("a7", "w", { retry }) });
      for (let n = 0; n < 55; n += 1) {
        world.clock.advance(1_000);
        await call(world, "POST", `/v1/opscore/tasks/${agents.sent.at(-1)!.taskId}/fail`, {
          error: { code: "c", message: "m" },
        });
        await world.flush();
        await world.sweep();
      }
      const [log] = await rows(world, "SELECT count(*) AS n FROM log WHERE stream = ?", id);
      expect(Number(log?.["n"])).toBeGreaterThan(100);
      await rows(world, "UPDATE agents SET version = 'x' WHERE id IN ('a104', 'a99')");
      await rows(world, "UPDATE sessions SET tx = 'x'");
      const { counts, findings } = await run(world, true);
      expect(short(findings)).toEqual(["agents.version a104", "agents.version a99", `sessions.tx ${id}`]);
      expect(counts).toMatchObject({ agents: 105, sessions: 1, logRows: Number(log?.["n"]) + 105 });
      expect((await run(world, false)).findings).toEqual([]);
    });
  });

  describe(`a log that cannot be trusted on ${platform.name}`, () => {
    const fleet = async (): Promise<{ readonly world: World; readonly one: string; readonly other: string }> => {
      const agents = silentAgents();
      const world = await open({ call: agents.call });
      for (const agentId of ["a", "b"]) await register(world, { agentId });
      const one = await start(world, { workflowDefinition: oneTask("a") });
      await call(world, "POST", `/v1/opscore/tasks/${agents.sent[0]!.taskId}/complete`, { output: 1 });
      const other = await start(world, { workflowDefinition: oneTask("b") });
      world.clock.advance(1_000);
      await register(world, { agentId: "b", version: "2" });
      return { world, one, other };
    };

    test.each<[string, (one: string) => readonly [string, ...string[]], number]>([
      [
        "an event was changed",
        (one) => ["UPDATE log SET events = replace(events, ':1,', ':2,') WHERE stream = ? AND seq = 2", one],
        2,
      ],
      ["its time was changed", (one) => ["UPDATE log SET at = at + 1 WHERE stream = ? AND seq = 1", one], 1],
      ["its cause was changed", (one) => ["UPDATE log SET cause = '{}' WHERE stream = ? AND seq = 2", one], 2],
      ["a row is missing", (one) => ["DELETE FROM log WHERE stream = ? AND seq = 1", one], 2],
      ["the end is missing", (one) => ["DELETE FROM log WHERE stream = ? AND seq = 2", one], 2],
    ])("P14: %s: that is told with the place, and nothing is written from it", SLOW, async (_what, tear, seq) => {
      const { world, one, other } = await fleet();
      const [query, ...args] = tear(one);
      await rows(world, query, ...args);
      await rows(world, "UPDATE sessions SET needs = 'x'");
      await rows(world, "UPDATE agents SET claimed_at = 1");
      const { findings } = await run(world, true);
      // What the torn log did to agent a is not known, so its work is not compared either.
      const damaged = findings.filter(({ kind }) => kind === "damage");
      expect(short(damaged)).toEqual([`damage ${one} ${seq}`]);
      expect(short(findings)).toEqual(expect.arrayContaining(["agents.claimed_at b", `sessions.needs ${other}`]));
      const [kept] = await rows(world, "SELECT needs FROM sessions WHERE id = ?", one);
      expect(kept).toEqual({ needs: "x" });
      expect((await rows(world, "SELECT claimed_at FROM agents WHERE id = 'a'"))[0]).toEqual({ claimed_at: 1 });
      expect(short((await run(world, true)).findings)).toEqual([`damage ${one} ${seq}`]);
    });

    test.each<[string, string, number]>([
      ["changed", "UPDATE log SET events = replace(events, '\"B\"', '\"C\"') WHERE stream = 'agent:b' AND seq = 1", 1],
      ["cut", "DELETE FROM log WHERE stream = 'agent:b' AND seq = 2", 2],
    ])("P14: the stream of an agent was %s", SLOW, async (_what, tear, seq) => {
      const { world } = await fleet();
      await rows(world, tear);
      await rows(world, "UPDATE agents SET name = 'x'");
      expect(short((await run(world, true)).findings)).toEqual(["agents.name a", `damage agent:b ${seq}`]);
      expect((await rows(world, "SELECT name FROM agents WHERE id = 'b'"))[0]).toEqual({ name: "x" });
    });

    test("P4: a definition that was changed or is missing is told, and needs are not made from it", SLOW, async () => {
      const { world, one, other } = await fleet();
      await rows(world, "UPDATE workflows SET body = replace(body, 'One', 'Two')");
      const where = (await rows(world, "SELECT workflow_id || '@' || revision || ' ' || hash AS w FROM workflows"))
        .map((row) => `damage workflow ${row["w"]} null`)
        .toSorted();
      expect(where.length).toBeGreaterThan(0);
      expect(short((await run(world, true)).findings)).toEqual(where);
      await rows(world, "DELETE FROM workflows");
      await rows(world, "UPDATE sessions SET status = 'x' WHERE id = ?", one);
      await rows(world, "DELETE FROM sessions WHERE id = ?", other);
      const { findings } = await run(world, true);
      expect(short(findings)).toEqual([...where, `sessions.missing ${other}`, `sessions.status ${one}`].toSorted());
      const repaired = findings.flatMap((one) => (one.kind === "difference" ? [[one.column, one.repaired]] : []));
      expect(new Map(repaired as [string | null, boolean][])).toEqual(
        new Map([
          ["status", true],
          [null, false],
        ] as const),
      );
    });

    test("P4: a row that a newer release has written: nothing is concluded, nothing is written", SLOW, async () => {
      const { world, other } = await fleet();
      await rows(world, "UPDATE log SET v = 2 WHERE stream = ? AND seq = 1", other);
      await rows(world, "UPDATE sessions SET status = 'x'");
      const before = await dump(world);
      await expect(run(world, true)).rejects.toThrow(
        `Row 1 of ${other} is of version 2, and this release reads up to version 1`,
      );
      expect(await dump(world)).toEqual(before);
    });

    test("P4: an event of a type that is not known here is as good as a newer version", SLOW, async () => {
      const { world, other } = await fleet();
      const [last] = await rows(world, "SELECT seq, hash FROM log WHERE stream = ? ORDER BY seq DESC LIMIT 1", other);
      const place = { stream: other, seq: Number(last?.["seq"]) + 1, at: world.clock.now() };
      const log = await logRow(place, systemCause("Test"), [{ type: "SessionPaused" }], String(last?.["hash"]));
      await rows(
        world,
        "INSERT INTO log (stream, seq, tx, at, v, cause, events, hash) VALUES (?, ?, 'x', ?, 1, ?, ?, ?)",
        ...[log.stream, log.seq, log.at, JSON.stringify(log.cause), log.events, log.hash],
      );
      const before = await dump(world);
      await expect(run(world, true)).rejects.toThrow(
        `Row ${log.seq} of ${other} holds an event of type SessionPaused, which is not known here.`,
      );
      expect(await dump(world)).toEqual(before);
    });
  });

  describe(`a database that does not stand still on ${platform.name}`, () => {
    test("P4: commits between any two reads are no differences", SLOW, async () => {
      const agents = silentAgents();
      const world = await open({ call: agents.call });
      for (const agentId of ["a", "b"]) await register(world, { agentId });
      for (let n = 0; n < 6; n += 1) await start(world, { workflowDefinition: oneTask("a", `w${n}`) });
      let moves = 0;
      const move = async (): Promise<void> => {
        if (moves >= 12) return;
        moves += 1;
        world.clock.advance(1_000);
        const sent = agents.sent.at(-1)!.taskId;
        await call(world, "POST", `/v1/opscore/tasks/${sent}/complete`, {});
        await register(world, { agentId: `a${moves}` });
        await world.flush();
      };
      const inner = createRebuildStore(world.sql);
      const moving = Object.fromEntries(
        Object.entries(inner).map(([name, method]) => [
          name,
          async (...args: unknown[]) => {
            await move();
            return (method as (...args: unknown[]) => unknown)(...args);
          },
        ]),
      ) as unknown as RebuildStore;
      expect((await run(world, false, moving)).findings).toEqual([]);
      expect(moves).toBe(12);
      expect((await run(world, false)).findings).toEqual([]);
    });

    test("P4: a session or an agent that has moved on is not overwritten, but looked at anew", SLOW, async () => {
      const agents = silentAgents();
      const world = await open({ call: agents.call });
      await register(world, { agentId: "a" });
      const id = await start(world, { workflowDefinition: oneTask("a") });
      await rows(world, "UPDATE sessions SET started_at = 1");
      await rows(world, "UPDATE agents SET version = 'x'");
      const inner = createRebuildStore(world.sql);
      const refused: string[] = [];
      const moving: RebuildStore = {
        ...inner,
        repairSession: async (repair) => {
          await call(world, "POST", `/v1/opscore/sessions/${id}/cancel`, {});
          const done = await inner.repairSession(repair);
          if (!done) refused.push("session");
          return done;
        },
        repairAgent: async (repair) => {
          if (refused.length < 2) await register(world, { agentId: "a", version: `v${refused.length}` });
          const done = await inner.repairAgent(repair);
          if (!done) refused.push("agent");
          return done;
        },
      };
      const { findings } = await run(world, true, moving);
      expect(refused).toEqual(["session", "agent"]);
      expect(short(findings)).toEqual([`sessions.started_at ${id}`]);
      expect(await sessionOf(world, id)).toMatchObject({ status: "cancelled" });
      expect((await run(world, false)).findings).toEqual([]);
    });
  });
};
