import { describe, expect, test } from "vitest";
import { logRow, systemCause } from "../../src/app/log-row.ts";
import { call, notification, oneTask, register, silentAgents, start, worldsOf, type Json } from "../support/api.ts";
import { dump, rows, run, short } from "../support/rebuild-run.ts";
import { notifySigned, unixSeconds } from "../support/sign-webhook.ts";
import type { Platform, World } from "../support/world.ts";

const SLOW = { timeout: 60_000 };

/** `rebuild` of a log that was changed, torn or lost: what is damaged is told, and nothing is written from it. */
export const rebuildDamageSuite = (platform: Platform): void => {
  const open = worldsOf(platform);

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

    /** Adds a row that follows from the one before, as a release that knows more would. */
    const append = async (world: World, stream: string, events: readonly unknown[]): Promise<number> => {
      const [last] = await rows(world, "SELECT seq, hash FROM log WHERE stream = ? ORDER BY seq DESC LIMIT 1", stream);
      const place = { stream, seq: Number(last?.["seq"]) + 1, at: world.clock.now() };
      const log = await logRow(place, systemCause("Test"), events as readonly object[], String(last?.["hash"]));
      await rows(
        world,
        "INSERT INTO log (stream, seq, tx, at, v, cause, events, hash) VALUES (?, ?, 'x', ?, 1, ?, ?, ?)",
        ...[log.stream, log.seq, log.at, JSON.stringify(log.cause), log.events, log.hash],
      );
      return log.seq;
    };

    test.each([
      ["a session", (one: string) => one],
      ["an agent", () => "agent:b"],
    ])("P4: an event of %s of a type that is not known here is as good as a newer version", SLOW, async (_of, name) => {
      const { world, other } = await fleet();
      const stream = name(other);
      const seq = await append(world, stream, [{ type: "PausedAtNight" }]);
      await rows(world, "UPDATE sessions SET status = 'x'");
      const before = await dump(world);
      await expect(run(world, true)).rejects.toThrow(
        `Row ${seq} of ${stream} holds an event of type PausedAtNight, which is not known here.`,
      );
      expect(await dump(world)).toEqual(before);
    });

    test.each([
      ["'garbage'", 1],
      ["'{}'", 1],
      ["'[null]'", 1],
      ["replace(events, 'DispatchRequested', 'DispatchDreamt')", 1],
      ["json_remove(events, '$[0].trace')", 2],
    ])("P14: a session's row that reads %s is damage, and the run goes on", SLOW, async (text, seq) => {
      const { world, one, other } = await fleet();
      await rows(world, `UPDATE log SET events = ${text} WHERE stream = ? AND seq = ?`, one, seq);
      await rows(world, "UPDATE sessions SET needs = 'x'");
      await rows(world, "UPDATE agents SET claimed_at = 1, version = 'x'");
      expect(short((await run(world, true)).findings)).toEqual(
        [
          `damage ${one} ${seq}`,
          `sessions.needs ${other}`,
          "agents.claimed_at b",
          "agents.version a",
          "agents.version b",
        ].toSorted(),
      );
      expect((await rows(world, "SELECT claimed_at FROM agents WHERE id = 'a'"))[0]).toEqual({ claimed_at: 1 });
      expect(short((await run(world, false)).findings)).toEqual([`damage ${one} ${seq}`]);
    });

    test("P14: a row whose hash fits and that cannot be folded is damage too", SLOW, async () => {
      const { world, one, other } = await fleet();
      const seq = await append(world, one, [{ type: "TaskCompleted", agentId: "a" }]);
      await append(world, "agent:b", [null]);
      await rows(world, "UPDATE sessions SET needs = 'x' WHERE id = ?", other);
      expect(short((await run(world, true)).findings)).toEqual(
        [`damage ${one} ${seq}`, "damage agent:b 3", `sessions.needs ${other}`].toSorted(),
      );
    });

    test("P14: what a cut log gave to an agent is not taken away, nor given again", SLOW, async () => {
      const agents = silentAgents();
      const world = await open({ call: agents.call });
      for (const agentId of ["a", "c"]) await register(world, { agentId });
      const [one] = oneTask("a")["tasks"] as readonly Json[];
      const two = { ...one, taskId: "two", agentId: "c" };
      const id = await start(world, { workflowDefinition: { ...oneTask("a"), tasks: [one, two] } });
      await call(world, "POST", `/v1/opscore/tasks/${agents.sent[0]!.taskId}/complete`, { output: 1 });
      await world.flush();
      expect(agents.sent).toHaveLength(2);
      const seq = Number((await rows(world, "SELECT max(seq) AS n FROM log WHERE stream = ?", id))[0]!["n"]);
      await rows(world, "DELETE FROM log WHERE stream = ? AND seq = ?", id, seq);
      const before = await dump(world);
      expect(short((await run(world, true)).findings)).toEqual([`damage ${id} ${seq}`]);
      expect(await dump(world)).toEqual(before);
      // The session's row still names the agent, whatever has become of the agent's own.
      await rows(world, "UPDATE agents SET tasks = '{}', claimed_at = 1 WHERE id = 'c'");
      expect(short((await run(world, true)).findings)).toEqual([`damage ${id} ${seq}`]);
    });

    test.each([
      ["a row of it was changed", ["UPDATE log SET at = at + 1 WHERE stream = 'agent:a1' AND seq = 1"], "agent:a1 1"],
      ["its end is missing", ["DELETE FROM log WHERE stream = 'agent:a1' AND seq > 1"], "agent:a1 2"],
      ["it is gone", ["DELETE FROM log WHERE stream = 'agent:a1'"], "agent:a1 1"],
      [
        "it is gone, and the row too",
        ["DELETE FROM log WHERE stream = 'agent:a1'", "DELETE FROM agents WHERE id = 'a1'"],
        null,
      ],
    ])("P14: what follows from the stream of another id is not written when %s", SLOW, async (_what, tear, damage) => {
      const world = await open({ webhookSecrets: ["secret"] });
      for (const [n, agentId] of ["a0", "a1", "a2"].entries()) {
        const at = unixSeconds(world.clock.now() + n * 1_000);
        await notifySigned(world, "secret", notification("REGISTER", { agentId, agentName: "Worker" }), at);
      }
      await notifySigned(
        world,
        "secret",
        notification("REGISTER", { agentId: "z", agentName: "Other" }),
        unixSeconds(world.clock.now()),
      );
      const chain = await rows(world, "SELECT id, superseded_by, aliases FROM agents ORDER BY id");
      expect(chain[0]).toEqual({ id: "a0", superseded_by: "a2", aliases: "[]" });
      for (const query of tear) await rows(world, query);
      await rows(world, "UPDATE agents SET version = 'x'");
      const before = await rows(world, "SELECT * FROM agents WHERE id <> 'z'");
      const told = ["agent:a0 null", "agent:a2 null", ...(damage === null ? [] : [damage])].map(
        (one) => `damage ${one}`,
      );
      expect(short((await run(world, true)).findings)).toEqual([...told, "agents.version z"].toSorted());
      expect(await rows(world, "SELECT * FROM agents WHERE id <> 'z'")).toEqual(before);
      expect(short((await run(world, false)).findings)).toEqual(told.toSorted());
    });

    test("P14: rows whose whole log is gone are kept, until it is said that they may go", SLOW, async () => {
      const { world, one } = await fleet();
      const lone = { id: "lone", name: "Lone", tasks: [{ taskId: "t", agentCapability: "nobody" }] };
      const waiting = await start(world, { workflowDefinition: lone });
      for (const stream of [one, waiting, "agent:b"]) await rows(world, "DELETE FROM log WHERE stream = ?", stream);
      const before = await dump(world);
      const told = [`damage ${one} 1`, `damage ${waiting} 1`, "damage agent:b 1"].toSorted();
      expect(short((await run(world, true)).findings)).toEqual(told);
      expect(await dump(world)).toEqual(before);
      expect((await rows(world, "SELECT session_id FROM waiting_tasks"))[0]).toEqual({ session_id: waiting });
      const { findings } = await run(world, true, { removeUnknown: true });
      expect(findings.every((one) => one.kind === "difference" && one.repaired)).toBe(true);
      expect(await rows(world, "SELECT id FROM sessions WHERE id IN (?, ?)", one, waiting)).toEqual([]);
      expect(await rows(world, "SELECT id FROM agents")).toEqual([{ id: "a" }]);
      expect(await rows(world, "SELECT * FROM waiting_tasks")).toEqual([]);
      expect((await run(world, false)).findings).toEqual([]);
    });
  });
};
