import { describe, expect, test } from "vitest";
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
import { dump, rows, run, sessionsOf, short } from "../support/rebuild-run.ts";
import { notifySigned, unixSeconds } from "../support/sign-webhook.ts";
import type { Platform, World } from "../support/world.ts";

const SLOW = { timeout: 60_000 };

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

    test("P4: rows that are missing come back, and rows without a log go when that is asked for", SLOW, async () => {
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

      const unknown = ["damage agent:zoe 1", "damage ses_0001M7Q5CQG00H2K4N6Q8SAVCXEZ 1"];
      const { findings } = await run(world, false);
      const [cats] = await rows(world, "SELECT id FROM sessions WHERE workflow_id = 'cats' ORDER BY id DESC");
      const waits = short(findings).filter((one) => one.startsWith("waiting_tasks"));
      expect(short(findings).filter((one) => !one.startsWith("waiting_tasks"))).toEqual(
        [
          "agent_capabilities.extra x ann",
          "agent_capabilities.extra x nobody",
          "agent_capabilities.missing write ann",
          "agents.missing hal",
          "agents.missing fay2",
          ...unknown,
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
      expect(short((await run(world, false, { removeUnknown: true })).findings)).toEqual(unknown);
      const removed = (await run(world, true, { removeUnknown: true })).findings;
      expect(short(removed)).toEqual(["agents.extra zoe", "sessions.extra ses_0001M7Q5CQG00H2K4N6Q8SAVCXEZ"]);
      expect(removed.every((one) => one.kind === "difference" && one.repaired)).toBe(true);
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
};
