import { beforeEach, describe, expect, test } from "vitest";
import { chainHash } from "../../src/app/log-row.ts";
import type { VerifyStore } from "../../src/app/verify-port.ts";
import { verify, type Tampering, type Verified } from "../../src/app/verify/verify.ts";
import { createVerifyStore } from "../../src/store/verify-store.ts";
import { call, oneTask, register, silentAgents, start, worldsOf } from "../support/api.ts";
import { rows, run as rebuildRun } from "../support/rebuild-run.ts";
import type { Platform, World } from "../support/world.ts";

const SLOW = { timeout: 60_000 };

/** Pages of three rows: what is looked at goes on over many. */
const small = (world: World): VerifyStore => {
  const store = createVerifyStore(world.sql);
  return {
    readStreams: (after) => store.readStreams(after, 3),
    lostLogs: (kind, after) => store.lostLogs(kind, after, 3),
    positions: (after, limit) => store.positions(after, limit),
  };
};

const check = async (
  world: World,
  expected: string | null = null,
  store = createVerifyStore(world.sql),
): Promise<Verified & { readonly found: readonly Tampering[] }> => {
  const found: Tampering[] = [];
  const verified = await verify({ store, expected, tell: (one) => found.push(one) });
  return { ...verified, found };
};

/** `verify` finds whatever was changed by other means than a commit, and says where. */
export const verifySuite = (platform: Platform): void => {
  const open = worldsOf(platform);

  describe(`verify on ${platform.name}`, () => {
    let world: World;
    let one = "";
    let other = "";
    /** Streams as they are stored in order: `audit`, agents `a` and `b`, two sessions. Five audit rows. */
    beforeEach(async () => {
      const agents = silentAgents();
      world = await open({ call: agents.call });
      for (const agentId of ["a", "b"]) await register(world, { agentId });
      one = await start(world, { workflowDefinition: oneTask("a") });
      await call(world, "POST", `/v1/opscore/tasks/${agents.sent[0]!.taskId}/complete`, { output: 1 });
      other = await start(world, { workflowDefinition: oneTask("b") });
      for (const verb of ["pause", "resume", "pause", "resume", "cancel"]) {
        expect((await call(world, "POST", `/v1/opscore/sessions/${other}/${verb}`)).status).toBe(202);
      }
      await world.flush();
    });

    const where = (found: readonly Tampering[]): readonly string[] => found.map((at) => `${at.where} ${at.seq}`);
    const named = (stream: string): string => ({ one, other })[stream] ?? stream;

    test("P14: nothing is found in what was only written by commits, page by page too", SLOW, async () => {
      const whole = await check(world);
      expect(whole.found).toEqual([]);
      expect(whole.counts).toMatchObject({ sessions: 2, agents: 2, auditRows: 5 });
      expect(whole.audit?.seq).toBe(5);
      expect(await check(world, null, small(world))).toEqual(whole);
      expect((await check(await open())).audit).toBeNull();
    });

    const columns: readonly (readonly [string, string])[] = [
      ["seq", "seq = seq + 1000"],
      ["at", "at = at + 1"],
      ["v", "v = v + 1"],
      ["cause", "cause = replace(cause, 'command', 'commane')"],
      ["cause, at its end", "cause = cause || ' '"],
      ["events", "events = replace(events, 'type', 'tyqe')"],
      ["hash", "hash = 'g' || substr(hash, 2)"],
      ["hash, its case", "hash = upper(hash)"],
    ];

    test.each(
      (["audit", "other", "agent:b"] as const).flatMap((stream) =>
        columns.map(([name, set]) => [stream, name, set] as const),
      ),
    )("P14: %s: an edit of %s is found at its row", SLOW, async (stream, name, set) => {
      const seq = stream === "agent:b" ? 1 : 3;
      const before = await rows(world, "SELECT * FROM log ORDER BY pos");
      await rows(world, `UPDATE log SET ${set} WHERE stream = ? AND seq = ?`, named(stream), seq);
      expect(await rows(world, "SELECT * FROM log ORDER BY pos")).not.toEqual(before);
      const { found } = await check(world);
      // A row with another number is missing where the next one is; the only one is where it says it is.
      const place = name !== "seq" ? seq : stream === "agent:b" ? seq + 1_000 : seq + 1;
      expect(where(found)).toContain(`${named(stream)} ${place}`);
      expect((await check(world, null, small(world))).found).toEqual(found);
    });

    test(
      "P14: a row that was given to another stream is missing in its own, and strange in the other",
      SLOW,
      async () => {
        await rows(world, "UPDATE log SET stream = 'audiu' WHERE stream = 'audit' AND seq = 3");
        expect(where((await check(world)).found)).toEqual(["audit 4", "audiu 3", "audiu null"]);
      },
    );

    test("P14: an edit of a row's place in the order of commits leaves a gap", SLOW, async () => {
      await rows(world, "UPDATE log SET pos = pos + 100000 WHERE stream = 'audit' AND seq = 2");
      expect((await check(world)).found).toMatchObject([{ where: "log" }, { where: "log" }]);
    });

    test.each(["audit", "other"])("P14: %s: a row in the middle that is gone", SLOW, async (stream) => {
      await rows(world, "DELETE FROM log WHERE stream = ? AND seq = 3", named(stream));
      const { found } = await check(world);
      expect(where(found)).toEqual([`${named(stream)} 4`, expect.stringMatching(/^log \d+$/)]);
    });

    test.each(["audit", "other", "agent:b"])("P14: %s: an end that was cut off", SLOW, async (stream) => {
      const id = named(stream);
      const [end] = await rows(world, "SELECT max(seq) AS seq FROM log WHERE stream = ?", id);
      await rows(world, "DELETE FROM log WHERE stream = ? AND seq = ?", id, Number(end?.["seq"]));
      expect(where((await check(world)).found)).toContain(`${id} ${String(end?.["seq"])}`);
    });

    test("P14: two rows that were swapped, in one stream and between two", SLOW, async () => {
      const swap = async (a: readonly [string, number], b: readonly [string, number]): Promise<void> => {
        await rows(world, "UPDATE log SET stream = 'x', seq = 1 WHERE stream = ? AND seq = ?", ...a);
        await rows(world, "UPDATE log SET stream = ?, seq = ? WHERE stream = ? AND seq = ?", ...a, ...b);
        await rows(world, "UPDATE log SET stream = ?, seq = ? WHERE stream = 'x'", ...b);
      };
      await swap(["audit", 2], ["audit", 3]);
      expect(where((await check(world)).found)).toEqual(expect.arrayContaining(["audit 2", "audit 3"]));
      await swap(["audit", 2], ["audit", 3]);
      expect((await check(world)).found).toEqual([]);
      await swap(["audit", 2], [other, 2]);
      expect(where((await check(world)).found)).toEqual(expect.arrayContaining(["audit 2", `${other} 2`]));
    });

    test(
      "P14: a row that was put in: at the end, chained as it should be, in a stream of its own, before the first",
      SLOW,
      async () => {
        const last = (await rows(world, "SELECT * FROM log WHERE stream = 'audit' ORDER BY seq DESC LIMIT 1"))[0]!;
        const put = async (stream: string, seq: number, previous: string): Promise<void> => {
          const place = { stream, seq, at: 1, v: Number(last["v"]), cause: String(last["cause"]), events: "[]" };
          const hash = await chainHash(previous, place);
          await rows(
            world,
            "INSERT INTO log (stream, seq, tx, at, v, cause, events, hash) VALUES (?, ?, 'x', 1, ?, ?, '[]', ?)",
            ...[stream, seq, place.v, place.cause, hash],
          );
        };
        const remove = (stream: string, seq: number) =>
          rows(world, "DELETE FROM log WHERE stream = ? AND seq = ?", stream, seq);
        await put("audit", 6, String(last["hash"]));
        expect(where((await check(world)).found)).toEqual(["audit 6"]);
        await remove("audit", 6);
        await put("audit", 0, "");
        expect(where((await check(world)).found)).toEqual(expect.arrayContaining(["audit 0"]));
        await remove("audit", 0);
        for (const strange of ["notes", "agent:ghost", one.replace(/.$/, one.endsWith("0") ? "1" : "0")]) {
          await put(strange, 1, "");
          expect(where((await check(world)).found)).toEqual([expect.stringMatching(`^${strange} (1|null)$`)]);
          await remove(strange, 1);
        }
      },
    );

    test("P14: a head that was put back, changed or taken away", SLOW, async () => {
      const [head] = await rows(world, "SELECT * FROM chain_heads");
      const [fourth] = await rows(world, "SELECT seq, hash FROM log WHERE stream = 'audit' AND seq = 4");
      await rows(world, "UPDATE chain_heads SET seq = 4, hash = ?", String(fourth?.["hash"]));
      expect(where((await check(world)).found)).toEqual(["audit 5"]);
      await rows(world, "UPDATE chain_heads SET seq = 5, hash = ?, tx = 'x'", String(head?.["hash"]));
      expect(where((await check(world)).found)).toEqual(["audit 5"]);
      await rows(world, "DELETE FROM chain_heads");
      expect(where((await check(world)).found)).toEqual(["audit 5"]);
      await rows(world, "UPDATE sessions SET hash = 'x' WHERE id = ?", other);
      await rows(world, "DELETE FROM sessions WHERE id = ?", one);
      expect(where((await check(world)).found)).toEqual(expect.arrayContaining([`${other} 6`, `${one} 2`]));
    });

    test("P14: a log that is gone as a whole, and one that is gone with its session", SLOW, async () => {
      await rows(world, "DELETE FROM log WHERE stream IN ('audit', ?)", other);
      await rows(world, "DELETE FROM log WHERE stream = 'agent:a'");
      const { found, audit } = await check(world);
      expect(where(found.filter((at) => at.where !== "log"))).toEqual([`${other} 1`, "agent:a 1", "audit 1"]);
      expect(audit).toBeNull();
      const again = await open({ call: silentAgents().call });
      await register(again, { agentId: "a" });
      const gone = await start(again, { workflowDefinition: oneTask("a") });
      await start(again, { workflowDefinition: oneTask("a") });
      await rows(again, "DELETE FROM log WHERE stream = ?", gone);
      await rows(again, "DELETE FROM sessions WHERE id = ?", gone);
      expect((await check(again)).found).toMatchObject([{ where: "log", seq: 2 }]);
    });

    test("P14: a chain that was made anew with its head is found by a hash that was kept elsewhere", SLOW, async () => {
      const kept = (await check(world)).audit!;
      expect(kept.seq).toBe(5);
      expect((await check(world, kept.hash)).found).toEqual([]);
      // Later rows do no harm to it.
      expect((await call(world, "PUT", "/v1/opscore/agents/c", agent)).status).toBe(201);
      expect((await check(world, kept.hash)).found).toEqual([]);
      // Everything from row 3 on is another, as if it had always been so.
      const stored = await rows(world, "SELECT * FROM log WHERE stream = 'audit' ORDER BY seq");
      let hash = String(stored[1]!["hash"]);
      for (const row of stored.slice(2)) {
        const { stream, seq, at, v, events } = row as {
          stream: string;
          seq: number;
          at: number;
          v: number;
          events: string;
        };
        const cause = String(row["cause"]).replace("root", "nobody");
        hash = await chainHash(hash, { stream, seq, at, v, cause, events });
        await rows(world, "UPDATE log SET cause = ?, hash = ? WHERE stream = ? AND seq = ?", cause, hash, stream, seq);
      }
      await rows(world, "UPDATE chain_heads SET hash = ?", hash);
      expect((await check(world)).found).toEqual([]);
      expect((await check(world, kept.hash)).found).toMatchObject([{ where: "audit", seq: null }]);
    });

    test("what is stored where a number should be is told, and stops nothing", SLOW, async () => {
      await rows(world, "UPDATE log SET seq = 'many' WHERE stream = 'agent:a' AND seq = 1");
      await rows(world, "UPDATE log SET at = at + 1 WHERE stream = ? AND seq = 2", other);
      const { found } = await check(world, null, small(world));
      expect(found.map((at) => at.where)).toEqual(expect.arrayContaining(["agent:a", other]));
    });

    test("P14: a stream that moves on while it is read is no tampering", SLOW, async () => {
      const store = small(world);
      let asked = 0;
      const moving: VerifyStore = {
        ...store,
        readStreams: async (after, limit) => {
          const page = await store.readStreams(after, limit);
          asked += 1;
          if (asked < 5) await call(world, "PUT", "/v1/opscore/agents/b", { ...agent, version: String(asked) });
          return page;
        },
      };
      const { found, counts } = await check(world, null, moving);
      expect(found).toEqual([]);
      expect(counts.auditRows).toBeGreaterThan(5);
    });

    test("P4: the audit chain is no cache, and no rebuild's matter", SLOW, async () => {
      const before = await rows(world, "SELECT * FROM chain_heads");
      const { findings } = await rebuildRun(world, true);
      expect(findings).toEqual([]);
      expect(await rows(world, "SELECT * FROM chain_heads")).toEqual(before);
      expect((await check(world)).found).toEqual([]);
    });
  });
};

const agent = { agentName: "C", version: "1", capabilities: [], contactEndpoint: "http://c.test/task" };
