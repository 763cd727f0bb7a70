import { describe, expect, test } from "vitest";
import { call, expectProblem, oneTask, rowCount, worldsOf, type Json } from "../support/api.ts";
import { BASE, elsewhere, makeKey, withKey } from "../support/keys.ts";
import { API_KEY, counted, type Platform, type World } from "../support/world.ts";

const HOUR = 3_600_000;
const AGENTS = "/v1/opscore/agents";

/** The life of keys: made, used, rotated, revoked, expired. */
export const keysSuite = (platform: Platform): void => {
  const open = worldsOf(platform);
  const status = async (world: World, key: string): Promise<number> =>
    (await withKey(world, key, "GET", AGENTS)).status;

  describe(`keys on ${platform.name}`, () => {
    test("a key is shown once, with all that it may do, and passes", async () => {
      const world = await open();
      const { keyId, key, reply } = await makeKey(world, { name: "reader", role: "viewer", expiresIn: "90d" });
      expect([reply.status, reply.headers.get("Cache-Control")]).toEqual([201, "no-store"]);
      expect(reply.headers.get("Location")).toBe(`${BASE}/${keyId}`);
      expect(key).toMatch(/^opsk_test_[0-9A-Z]{28}_[0-9A-Za-z]{36}$/);
      expect(key.split("_")[2]).toBe(keyId.slice(4));
      const shown = {
        keyId,
        name: "reader",
        role: "viewer",
        scopes: [],
        status: "active",
        createdAt: "2026-11-22T08:00:00.000Z",
        createdBy: { kind: "key", id: "root" },
        expiresAt: "2027-02-20T08:00:00.000Z",
        lastUsedAt: null,
        rotatedAt: null,
        overlapUntil: null,
        revokedAt: null,
        revokedBy: null,
        revokedReason: null,
      };
      expect(reply.body).toEqual({ ...shown, key });
      expect((await call(world, "GET", `${BASE}/${keyId}`)).body).toEqual(shown);
      expect((await call(world, "GET", BASE)).body).toEqual({ data: [shown], nextCursor: null });
      expect(await status(world, key)).toBe(200);
    });

    test("only its HMAC is stored", async () => {
      const world = await open();
      const { key } = await makeKey(world, { role: "admin" });
      const { key: rotated } = await rotate(world, (await makeKey(world, { role: "admin" })).keyId);
      const [found] = await world.sql.batch([{ sql: "SELECT * FROM keys", args: [] }], "read");
      const stored = JSON.stringify(found?.rows);
      for (const text of [key, rotated]) {
        const secret = text.split("_")[3] ?? "";
        expect(secret).toHaveLength(36);
        for (const part of [secret, secret.slice(0, 30), secret.slice(0, 10)]) expect(stored).not.toContain(part);
      }
      expect(stored).toMatch(/"mac":"[0-9a-f]{64}"/);
    });

    test("P8: under an Idempotency-Key it is made once, and no repeat has its secret, nor does what is kept", async () => {
      const world = await open();
      const once = { "Idempotency-Key": "k" };
      const make = (name = "n") => call(world, "POST", BASE, { name, role: "viewer" }, once);
      const first = await make();
      const { key, ...shown } = first.body;
      expect(key).toMatch(/^opsk_/);
      const again = await make();
      expect([again.status, again.headers.get("Idempotency-Replayed")]).toEqual([201, "true"]);
      expect(again.body).toEqual({ ...shown, key: null });
      expect(again.headers.get("Location")).toBe(first.headers.get("Location"));
      expectProblem(await make("other"), 422, "idempotency_key_reused");
      const path = `${BASE}/${String(shown["keyId"])}/rotate`;
      const rotated = await call(world, "POST", path, {}, once);
      const repeated = await call(world, "POST", path, {}, once);
      expect(repeated.body).toEqual({ ...rotated.body, key: null });
      expect(await status(world, String(rotated.body["key"]))).toBe(200);
      const [kept] = await world.sql.batch([{ sql: "SELECT * FROM replies", args: [] }], "read");
      expect(kept?.rows).toHaveLength(2);
      expect(JSON.stringify(kept?.rows)).not.toContain("opsk_");
      expect((await call(world, "GET", BASE)).body["data"]).toHaveLength(1);
    });

    test("all faults of a request come at once", async () => {
      const world = await open();
      const body = {
        name: "",
        role: "boss",
        scopes: ["sessions:reed", "workflows:read:w"],
        expiresIn: "soon",
        more: 1,
      };
      const problem = expectProblem(await call(world, "POST", BASE, body), 422, "validation_failed");
      const faults = (problem["errors"] as Json[]).map(({ pointer, code }) => `${String(pointer)} ${String(code)}`);
      expect(faults.toSorted()).toEqual([
        "/expiresIn invalid_duration",
        "/more unknown_key",
        "/name too_small",
        "/role invalid_value",
        "/scopes/0 invalid_scope",
        "/scopes/1 invalid_scope",
      ]);
      for (const empty of [{ name: "n" }, { name: "n", scopes: [] }]) {
        const [fault] = expectProblem(await call(world, "POST", BASE, empty), 422, "validation_failed")[
          "errors"
        ] as Json[];
        expect(fault).toMatchObject({ pointer: "/scopes", code: "required" });
      }
      expect(await rowCount(world)).toBe(0);
    });

    test("an expired key passes no more, and says so to nobody but its holder", async () => {
      const world = await open();
      const { key, keyId } = await makeKey(world, { role: "viewer", expiresIn: "5s" });
      expect(await status(world, key)).toBe(200);
      world.clock.advance(5_000);
      const problem = expectProblem(await withKey(world, key, "GET", AGENTS), 401, "unauthorized");
      expect(problem["detail"]).toBe("The key has expired");
      expect((await call(world, "GET", `${BASE}/${keyId}`)).body["status"]).toBe("expired");
      expectProblem(await call(world, "POST", `${BASE}/${keyId}/rotate`), 409, "conflict");
    });

    test("revoked it ends here at once and elsewhere within ten seconds; the row stays", async () => {
      const world = await open();
      const { key, keyId } = await makeKey(world, { role: "viewer" });
      const there = elsewhere(world);
      expect((await there(key, "GET", AGENTS)).status).toBe(200);
      expect(await status(world, key)).toBe(200);
      world.clock.advance(4_000);
      const revoke = () => call(world, "POST", `${BASE}/${keyId}/revoke`, { reason: "it was in a screenshot" });
      const revoked = await revoke();
      expect(revoked.body).toMatchObject({
        status: "revoked",
        revokedAt: "2026-11-22T08:00:04.000Z",
        revokedBy: { kind: "key", id: "root" },
        revokedReason: "it was in a screenshot",
      });
      expect(expectProblem(await withKey(world, key, "GET", AGENTS), 401, "unauthorized")["detail"]).toBe(
        "The key was revoked",
      );
      world.clock.advance(5_999);
      expect((await there(key, "GET", AGENTS)).status).toBe(200);
      world.clock.advance(1);
      expect((await there(key, "GET", AGENTS)).status).toBe(401);
      expect((await revoke()).body).toEqual((await call(world, "GET", `${BASE}/${keyId}`)).body);
      expect((await revoke()).body["revokedAt"]).toBe("2026-11-22T08:00:04.000Z");
      expectProblem(await call(world, "POST", `${BASE}/${keyId}/rotate`), 409, "conflict");
      expectProblem(await call(world, "POST", `${BASE}/${keyId}/revoke`, { why: 1 }), 422, "validation_failed");
    });

    test("rotated it has another secret; the one before goes on for the overlap and not longer, also where it is known", async () => {
      const world = await open();
      const { key: first, keyId } = await makeKey(world, { role: "viewer" });
      expect(await status(world, first)).toBe(200);
      const rotated = await rotate(world, keyId, { overlap: "1h" });
      expect(rotated.body).toMatchObject({
        keyId,
        rotatedAt: "2026-11-22T08:00:00.000Z",
        overlapUntil: "2026-11-22T09:00:00.000Z",
      });
      expect([await status(world, first), await status(world, rotated.key)]).toEqual([200, 200]);
      world.clock.advance(HOUR - 1);
      expect([await status(world, first), await status(world, rotated.key)]).toEqual([200, 200]);
      world.clock.advance(1);
      expect([await status(world, first), await status(world, rotated.key)]).toEqual([401, 200]);
      expect((await call(world, "GET", `${BASE}/${keyId}`)).body["overlapUntil"]).toBeNull();
    });

    test("rotated again after a lost answer, the secret in use goes on; an overlap of nothing ends all before", async () => {
      const world = await open();
      const { key: inUse, keyId } = await makeKey(world, { role: "viewer" });
      const lost = await rotate(world, keyId);
      const second = await rotate(world, keyId);
      expect([await status(world, inUse), await status(world, lost.key), await status(world, second.key)]).toEqual([
        200, 200, 200,
      ]);
      const leaked = await rotate(world, keyId, { overlap: "0s" });
      for (const old of [inUse, lost.key, second.key]) expect(await status(world, old)).toBe(401);
      expect(await status(world, leaked.key)).toBe(200);
    });

    test("a pepper is changed without changing keys: found under the old one, a key moves to the new", async () => {
      const world = await open();
      const { key } = await makeKey(world, { role: "viewer" });
      const { key: unused } = await makeKey(world, { role: "viewer" });
      const between = elsewhere(world, ["new-pepper-0123456789", "test-pepper-0123456789"]);
      expect((await between(key, "GET", AGENTS)).status).toBe(200);
      await world.flush();
      const after = elsewhere(world, ["new-pepper-0123456789"]);
      expect((await after(key, "GET", AGENTS)).status).toBe(200);
      expect((await after(unused, "GET", AGENTS)).status).toBe(401);
    });

    test("without a pepper none is made or taken: 503 that names the way; they are still listed and revoked", async () => {
      const world = await open();
      const { key, keyId } = await makeKey(world, { role: "viewer" });
      const without = elsewhere(world, []);
      for (const reply of [
        await without(API_KEY, "POST", BASE, { name: "n", role: "viewer" }),
        await without(API_KEY, "POST", `${BASE}/${keyId}/rotate`),
        await without(key, "GET", AGENTS),
      ]) {
        expect(expectProblem(reply, 503, "not_configured")["hint"]).toBe("set the pepper");
      }
      expect((await without(API_KEY, "GET", BASE)).status).toBe(200);
      expect((await without(API_KEY, "POST", `${BASE}/${keyId}/revoke`)).body["status"]).toBe("revoked");
    });

    test("keys that are not there, and ids that cannot be", async () => {
      const world = await open();
      const none = `${BASE}/key_${"0".repeat(28)}`;
      for (const [method, path] of [
        ["GET", none],
        ["POST", `${none}/rotate`],
        ["POST", `${none}/revoke`],
      ] as const) {
        expectProblem(await call(world, method, path), 404, "key_not_found");
      }
      expectProblem(await call(world, "GET", `${BASE}/%20`), 400, "invalid_id");
      expectProblem(await call(world, "GET", `${BASE}?cursor=eA`), 400, "invalid_query");
    });

    test("the list is the newest first, in pages", async () => {
      const world = await open();
      for (const name of ["one", "two", "three"]) {
        await makeKey(world, { name, role: "viewer" });
        world.clock.advance(1);
      }
      const first = await call(world, "GET", `${BASE}?limit=2`);
      const names = ({ body }: { readonly body: Json }) => (body["data"] as Json[]).map(({ name }) => name);
      expect(names(first)).toEqual(["three", "two"]);
      const rest = await call(world, "GET", `${BASE}?limit=2&cursor=${String(first.body["nextCursor"])}`);
      expect([names(rest), rest.body["nextCursor"]]).toEqual([["one"], null]);
    });

    test("of two changes at the same moment none is lost", async () => {
      const world = await open();
      const { keyId } = await makeKey(world, { role: "viewer" });
      const replies = await Promise.all([rotate(world, keyId), rotate(world, keyId), rotate(world, keyId)]);
      for (const { key } of replies) expect(await status(world, key)).toBe(200);
    });
  });

  describe(`what keys cost on ${platform.name}`, () => {
    const rows = (n: number): number => (platform.name === "d1" ? n : 0);
    const use = async (world: World, key: string): Promise<readonly [number, number]> => {
      const before = { ...world.counts };
      expect((await withKey(world, key, "GET", "/v1/opscore/agents")).status).toBe(200);
      await world.flush();
      return [world.counts.roundTrips - before.roundTrips, world.counts.rowsWritten - before.rowsWritten];
    };

    test("the first call one question, the next ten seconds none; after the answer one row an hour", async () => {
      const world = await open();
      const { key } = await makeKey(world, { role: "viewer" });
      expect(await use(world, key)).toEqual([3, rows(1)]);
      for (let n = 0; n < 9; n += 1) {
        expect(await use(world, key)).toEqual([1, 0]);
        world.clock.advance(1_111);
      }
      world.clock.advance(1);
      expect(await use(world, key)).toEqual([2, 0]);
      world.clock.advance(HOUR);
      expect(await use(world, key)).toEqual([3, rows(1)]);
    });

    test("the root key never asks anything", async () => {
      const world = await open();
      for (let n = 0; n < 3; n += 1) {
        expect(await use(world, API_KEY)).toEqual([1, 0]);
        world.clock.advance(60_000);
      }
    });

    test("what is mistyped asks nothing; what nobody made asks once in ten seconds, and so does a wrong secret", async () => {
      const world = await open();
      const { key } = await makeKey(world, { role: "viewer" });
      const { key: deleted, keyId } = await makeKey(world, { role: "viewer" });
      await world.sql.batch([{ sql: "DELETE FROM keys WHERE id = ?", args: [keyId] }], "write");
      const asked = async (text: string): Promise<number> => {
        const { result, roundTrips } = await counted(world, () => withKey(world, text, "GET", AGENTS));
        expectProblem(result, 401, "unauthorized");
        return roundTrips;
      };
      expect([await asked(key.slice(0, -1)), await asked(`${key}x`), await asked("opsk_"), await asked("x")]).toEqual([
        0, 0, 0, 0,
      ]);
      expect([await asked(deleted), await asked(deleted)]).toEqual([1, 0]);
      world.clock.advance(10_000);
      expect([await asked(deleted), await asked(deleted)]).toEqual([1, 0]);
    });

    test("a state report by a key that was used lately costs what it costs by the root key", async () => {
      const world = await open();
      await call(world, "POST", "/v1/opscore/workflows", oneTask("a"));
      await call(world, "PUT", `${AGENTS}/a`, {
        agentName: "a",
        version: "1",
        capabilities: [],
        contactEndpoint: "http://a.test/",
      });
      const { key } = await makeKey(world, { scopes: ["state:write:a"] });
      const report = (by: string) => {
        world.clock.advance(1_000);
        const timestamp = new Date(world.clock.now()).toISOString();
        const body = { agentId: "a", timestamp, state: "idle", details: {} };
        return counted(world, () => withKey(world, by, "POST", "/v1/opscore/agent/a/state", body));
      };
      await report(key);
      await world.flush();
      const [hot, root] = [await report(key), await report(API_KEY)];
      expect([hot.result.status, hot.roundTrips, hot.rowsWritten]).toEqual([202, root.roundTrips, root.rowsWritten]);
    });
  });
};

const rotate = async (
  world: World,
  keyId: string,
  body?: Json,
): Promise<{ readonly key: string; readonly body: Json }> => {
  const reply = await call(world, "POST", `${BASE}/${keyId}/rotate`, body);
  expect(reply.status, reply.text).toBe(200);
  return { key: String(reply.body["key"]), body: reply.body };
};
