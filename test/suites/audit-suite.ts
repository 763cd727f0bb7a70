import { beforeEach, describe, expect, test } from "vitest";
import type { AuditAction } from "../../src/contract/audit.ts";
import { canonical } from "../../src/core/workflow/canonical.ts";
import { sha256 } from "../../src/app/sha256.ts";
import { call, expectProblem, oneTask, worldsOf, type Json, type Reply } from "../support/api.ts";
import { auditRows, type Told } from "../support/audit.ts";
import { rows } from "../support/rebuild-run.ts";
import { begin, keyed, on, opener, SESSIONS, settle } from "../support/reruns.ts";
import type { Platform, World } from "../support/world.ts";

const API = "/v1/opscore";
const SHA256 = /^[0-9a-f]{64}$/;
const agentBody = { agentName: "A", version: "1", capabilities: ["work"], contactEndpoint: "http://agent.test/task" };
const schedule = { cron: "0 0 1 1 *", workflowDefinitionId: "w" };

/** Every operator's change is one row of one chain, written with the change; nothing else is. */
export const auditSuite = (platform: Platform): void => {
  const open = opener(platform);
  const bare = worldsOf(platform);

  describe(`audit on ${platform.name}`, () => {
    let world: World;
    beforeEach(async () => {
      world = await open();
    });

    const hashOf = async (id: string): Promise<unknown> =>
      (await rows(world, "SELECT hash FROM sessions WHERE id = ?", id))[0]?.["hash"];

    /** Does something, and gives its answer with the audit rows that it left. */
    const doing = async (
      act: () => Promise<Reply>,
    ): Promise<{ readonly reply: Reply; readonly added: readonly Told[] }> => {
      const before = (await auditRows(world)).length;
      const reply = await act();
      await world.flush();
      return { reply, added: (await auditRows(world)).slice(before) };
    };
    const ask = (method: string, path: string, body?: unknown, headers?: Record<string, string>) =>
      doing(() => call(world, method, `${API}${path}`, body, headers));

    const expectRow = (
      { reply, added }: Awaited<ReturnType<typeof doing>>,
      action: AuditAction,
      kind: string,
      id: string,
    ): Told => {
      expect(added).toEqual([
        {
          action,
          actor: { kind: "key", id: "root" },
          requestId: reply.headers.get("X-Request-Id"),
          target: { kind, id },
          before: added[0]?.before,
          after: added[0]?.after,
        },
      ]);
      for (const digest of [added[0]?.before, added[0]?.after]) if (digest !== null) expect(digest).toMatch(SHA256);
      return added[0]!;
    };

    test("P2, P14: agents: a row for each registration by hand that says something new, with the digests of its form", async () => {
      const form = (version: string): Promise<string> =>
        sha256(canonical({ ...agentBody, agentId: "n", version, metadata: null, registration: "registered" }));
      const made = expectRow(await ask("PUT", "/agents/n", agentBody), "putAgent", "agent", "n");
      expect([made.before, made.after]).toEqual([null, await form("1")]);
      world.clock.advance(5_000);
      expect((await ask("PUT", "/agents/n", agentBody)).added).toEqual([]);
      const moved = expectRow(await ask("PUT", "/agents/n", { ...agentBody, version: "2" }), "putAgent", "agent", "n");
      expect([moved.before, moved.after]).toEqual([await form("1"), await form("2")]);
      const refused = await ask("PUT", "/agents/n", { ...agentBody, version: 3 });
      expect([refused.reply.status, refused.added]).toEqual([422, []]);
    });

    test("P2, P14: definitions: a row for each new revision, with the hashes of both", async () => {
      const [one, two] = [oneTask("a", "d"), oneTask("a", "d", { priority: 1 })];
      const first = expectRow(await ask("POST", "/workflows", one), "saveWorkflow", "workflow", "d");
      expect([first.before, first.after]).toEqual([null, await sha256(canonical(one as never))]);
      expect((await ask("POST", "/workflows", one)).added).toEqual([]);
      const second = expectRow(await ask("POST", "/workflows", two), "saveWorkflow", "workflow", "d");
      expect([second.before, second.after]).toEqual([first.after, await sha256(canonical(two as never))]);
      const back = expectRow(await ask("POST", "/workflows", one), "saveWorkflow", "workflow", "d");
      expect([back.before, back.after]).toEqual([second.after, first.after]);
      const refused = await ask("POST", "/workflows", { ...one, tasks: [] });
      expect([refused.reply.status, refused.added]).toEqual([422, []]);
      expect((await ask("POST", "/workflows/validate", two)).added).toEqual([]);
    });

    test("P2, P14: schedules: made, changed, paused, resumed, triggered and deleted, each once", async () => {
      await call(world, "POST", `${API}/workflows`, oneTask("a", "w"));
      const path = "/schedules/s";
      const made = expectRow(
        await ask("POST", "/schedules", { ...schedule, scheduleId: "s" }),
        "createSchedule",
        "schedule",
        "s",
      );
      expect(made.before).toBeNull();
      expect((await ask("POST", "/schedules", { ...schedule, scheduleId: "s" })).added).toEqual([]);
      const edit = { ...schedule, cron: "0 0 2 1 *" };
      const steps: readonly [string, string, AuditAction, Json | undefined][] = [
        ["PUT", path, "putSchedule", edit],
        ["POST", `${path}/pause`, "pauseSchedule", undefined],
        ["POST", `${path}/resume`, "resumeSchedule", undefined],
      ];
      let last = made.after;
      for (const [method, at, action, body] of steps) {
        const row = expectRow(await ask(method, at, body), action, "schedule", "s");
        expect(row.before).toBe(last);
        expect(row.after).not.toBe(last);
        last = row.after;
        expect((await ask(method, at, body)).added).toEqual([]);
      }
      // A start by hand leaves what the schedule is told as it is.
      const triggered = expectRow(
        await ask("POST", `${path}/trigger`, undefined, keyed("k")),
        "triggerSchedule",
        "schedule",
        "s",
      );
      expect([triggered.before, triggered.after]).toEqual([last, last]);
      expect((await ask("POST", `${path}/trigger`, undefined, keyed("k"))).added).toEqual([]);
      const gone = expectRow(await ask("DELETE", path), "deleteSchedule", "schedule", "s");
      expect([gone.before, gone.after]).toEqual([last, null]);
      expect((await ask("DELETE", path)).added).toEqual([]);
      for (const verb of ["pause", "trigger"]) {
        const refused = await ask("POST", `${path}/${verb}`);
        expect([refused.reply.status, refused.added]).toEqual([404, []]);
      }
    });

    test("what a schedule does by itself is no operator's change", async () => {
      await call(world, "POST", `${API}/workflows`, oneTask("a", "w"));
      await call(world, "PUT", `${API}/schedules/s`, { ...schedule, cron: "* * * * *" });
      const before = await auditRows(world);
      world.clock.advance(180_000);
      await world.sweep();
      const [made] = await rows(world, "SELECT count(*) AS n FROM sessions");
      expect(made?.["n"]).toBeGreaterThan(0);
      expect(await auditRows(world)).toEqual(before);
    });

    test("P2, P14: a person's words to a session: one row each, between the hashes of the session's log", async () => {
      const id = await begin(world, [
        on("one", { retry: { maxAttempts: 9, initialInterval: "1h" } }),
        on("two", { dependsOn: [] }),
        on("three", { dependsOn: [] }),
        on("four", { dependsOn: [] }),
        { taskId: "yes", type: "approval", dependsOn: [] },
        { taskId: "no", type: "approval", dependsOn: [], onFailure: "continue" },
        { taskId: "paid", type: "signal", signal: "payment", dependsOn: [] },
      ]);
      await settle(world, id, 1, new Error("boom"));
      const words: readonly [string, AuditAction, Json][] = [
        ["tasks/one/retry", "retryTask", {}],
        ["tasks/two/skip", "skipTask", {}],
        ["tasks/three/complete", "completeTaskByHand", { output: 1 }],
        ["tasks/yes/approve", "approveTask", { by: "ada" }],
        ["signals/payment", "signalSession", { payload: 5 }],
        ["pause", "pauseSession", { reason: "look" }],
        ["resume", "resumeSession", {}],
        ["cancel", "cancelSession", { reason: "enough" }],
      ];
      for (const [path, action, body] of words) {
        const before = await hashOf(id);
        const said = await ask("POST", `/sessions/${id}/${path}`, body, keyed(path));
        expect(said.reply.status, said.reply.text).toBe(202);
        const row = expectRow(said, action, "session", id);
        const [after] = await rows(world, "SELECT hash FROM log WHERE stream = ? AND hash = ?", id, row.after);
        expect([row.before, row.after]).toEqual([before, after?.["hash"]]);
        expect((await ask("POST", `/sessions/${id}/${path}`, body, keyed(path))).added, path).toEqual([]);
      }
      const late = await ask("POST", `/sessions/${id}/pause`, {}, keyed("new"));
      expect([late.reply.status, late.added]).toEqual([409, []]);
    });

    test("P2, P14: a task that fails by hand and an approval that is refused", async () => {
      for (const [task, path, action] of [
        [on("t"), "tasks/t/fail", "failTaskByHand"],
        [{ taskId: "t", type: "approval" }, "tasks/t/reject", "rejectTask"],
      ] as const) {
        const id = await begin(world, [task]);
        expectRow(await ask("POST", `/sessions/${id}/${path}`, {}), action, "session", id);
        const again = await ask("POST", `/sessions/${id}/${path}`, {});
        expect([again.reply.status, again.added]).toEqual([200, []]);
        const late = await ask("POST", `/sessions/${id}/tasks/t/skip`, {});
        expect([late.reply.status, late.added]).toEqual([409, []]);
      }
    });

    test("what is noted under a key and changes nothing leaves no row", async () => {
      const id = await begin(world, [on("one")]);
      await call(world, "POST", `${SESSIONS}/${id}/pause`);
      const said = await ask("POST", `/sessions/${id}/pause`, {}, keyed("k"));
      expect([said.reply.status, said.added]).toEqual([200, []]);
    });

    test("P2, P14: sessions run again: the row is of the new session, which was not there before", async () => {
      const id = await begin(world, [on("one")]);
      await settle(world, id, 1, new Error("boom"));
      const again = await ask("POST", `/sessions/${id}/rerun`, {}, keyed("k"));
      const made = String(again.reply.body["sessionId"]);
      const row = expectRow(again, "rerunSession", "session", made);
      const [first] = await rows(world, "SELECT hash FROM log WHERE stream = ? AND seq = 1", made);
      expect([row.before, row.after]).toEqual([null, first?.["hash"]]);
      expect((await ask("POST", `/sessions/${id}/rerun`, {}, keyed("k"))).added).toEqual([]);
    });

    test("P2, P14: many at once: a row for each session that was changed, none for a dry run", async () => {
      const ids = [await begin(world, [on("one")]), await begin(world, [on("one")])];
      const cancel = { action: "cancel", filter: { workflowId: "w" } };
      expect((await ask("POST", "/sessions/bulk", { ...cancel, dryRun: true })).added).toEqual([]);
      const { reply, added } = await ask("POST", "/sessions/bulk", cancel);
      expect(added.map(({ action, target, requestId }) => [action, target.id, requestId])).toEqual(
        ids
          .toSorted()
          .toReversed()
          .map((id) => ["changeSessions", id, reply.headers.get("X-Request-Id")]),
      );
      expect((await ask("POST", "/sessions/bulk", cancel)).added).toEqual([]);
    });

    test("P2, P14: a single task that is cancelled is the session it is", async () => {
      const made = await ask("POST", "/tasks", { agentId: "a", name: "t" });
      expect([made.reply.status, made.added]).toEqual([202, []]);
      const { id, sessionId } = made.reply.body;
      expectRow(await ask("POST", `/tasks/${String(id)}/cancel`), "cancelTask", "session", String(sessionId));
      expect((await ask("POST", `/tasks/${String(id)}/cancel`)).added).toEqual([]);
    });

    test("P2, P13, P14: keys: made, rotated and revoked, with nothing of their secrets", async () => {
      const made = await ask("POST", "/keys", { name: "k", role: "viewer" });
      const { keyId, key } = made.reply.body;
      const first = expectRow(made, "createKey", "key", String(keyId));
      expect(first.before).toBeNull();
      world.clock.advance(1_000);
      const rotated = expectRow(await ask("POST", `/keys/${String(keyId)}/rotate`), "rotateKey", "key", String(keyId));
      expect(rotated.before).toBe(first.after);
      const refused = await doing(() =>
        call(world, "POST", `${API}/keys`, { name: "x", role: "admin" }, { Authorization: `Bearer ${String(key)}` }),
      );
      expect([refused.reply.status, refused.added]).toEqual([403, []]);
      const revoked = expectRow(await ask("POST", `/keys/${String(keyId)}/revoke`), "revokeKey", "key", String(keyId));
      expect(revoked.before).toBe(rotated.after);
      expect((await ask("POST", `/keys/${String(keyId)}/revoke`)).added).toEqual([]);
      const stored = await rows(world, "SELECT cause, events FROM log WHERE stream = 'audit'");
      expect(JSON.stringify(stored)).not.toContain(String(key).split("_").at(-1));
    });

    test("P2, P13, P14: webhooks: made, changed, rotated, tried, sent again and ended, each once", async () => {
      const made = await ask("POST", "/webhooks", { url: "http://hook.test/" });
      const { webhookId, secret } = made.reply.body;
      const id = String(webhookId);
      const path = `/webhooks/${id}`;
      let last = expectRow(made, "createWebhook", "webhook", id).after;
      const url = "http://hook.test/b";
      for (const [method, at, action, body] of [
        ["PUT", path, "putWebhook", { url }],
        ["POST", `${path}/rotate`, "rotateWebhook", undefined],
        ["POST", `${path}/disable`, "disableWebhook", undefined],
        ["POST", `${path}/enable`, "enableWebhook", undefined],
      ] as const) {
        const row = expectRow(await ask(method, at, body, keyed("k")), action, "webhook", id);
        expect([row.before, row.after === last], action).toEqual([last, false]);
        last = row.after;
        expect((await ask(method, at, body, keyed("k"))).added, action).toEqual([]);
      }
      // What is sent by hand leaves the subscription as it is.
      const tried = await ask("POST", `${path}/test`, {}, keyed("k"));
      const sent = [tried];
      const again = `${path}/deliveries/${String(tried.reply.body["deliveryId"])}/redeliver`;
      sent.push(await ask("POST", again, {}, keyed("k")), await ask("POST", again));
      for (const [at, one] of sent.entries()) {
        expect(one.reply.status, one.reply.text).toBe(202);
        const row = expectRow(one, at === 0 ? "pingWebhook" : "redeliverWebhook", "webhook", id);
        expect([row.before, row.after]).toEqual([last, last]);
      }
      for (const at of [`${path}/test`, again]) expect((await ask("POST", at, {}, keyed("k"))).added).toEqual([]);
      const unknown = await ask("POST", `${path}/deliveries/msg_none/redeliver`, {}, keyed("k"));
      expect([unknown.reply.status, unknown.added]).toEqual([404, []]);
      await call(world, "POST", `${API}${path}/disable`);
      for (const at of [`${path}/test`, again]) {
        const refused = await ask("POST", at);
        expect([refused.reply.status, refused.added]).toEqual([409, []]);
      }
      const gone = expectRow(await ask("DELETE", path), "deleteWebhook", "webhook", id);
      expect(gone.after).toBeNull();
      expect((await ask("DELETE", path)).added).toEqual([]);
      const stored = await rows(world, "SELECT cause, events FROM log WHERE stream = 'audit'");
      expect(JSON.stringify(stored)).not.toContain(String(secret).slice(6));
    });

    test("P8: what was sent again by somebody who died before the answer is not sent again by the repeat", async () => {
      const { webhookId } = (await call(world, "POST", `${API}/webhooks`, { url: "http://hook.test/" })).body;
      const path = `/webhooks/${String(webhookId)}`;
      const { deliveryId } = (await call(world, "POST", `${API}${path}/test`)).body;
      const again = `${path}/deliveries/${String(deliveryId)}/redeliver`;
      const { store } = world.deps;
      const real = { ...store };
      Object.assign(store, { completeReply: () => Promise.reject(new Error("died")) });
      expect((await ask("POST", again, {}, keyed("k"))).added).toHaveLength(1);
      Object.assign(store, real);
      world.clock.advance(10_000);
      const repeat = await ask("POST", again, {}, keyed("k"));
      expect([repeat.reply.status, repeat.added]).toEqual([202, []]);
    });

    test("who used a key is named by it, in the chain as in the logs", async () => {
      const { keyId, key } = (await call(world, "POST", `${API}/keys`, { name: "ops", role: "operator" })).body;
      const { added } = await doing(() =>
        call(world, "PUT", `${API}/agents/n`, agentBody, { Authorization: `Bearer ${String(key)}` }),
      );
      expect(added).toMatchObject([{ action: "putAgent", actor: { kind: "key", id: keyId, name: "ops" } }]);
    });

    test("work is no operator's change: starts, reports, settle calls, heartbeats, webhooks, ticks", async () => {
      const id = await begin(world, [on("one"), on("two")]);
      await settle(world, id, 1, "done");
      await call(world, "POST", `${API}/tasks/tsk_${id.slice(4)}.2:1/heartbeat`, {});
      const now = new Date(world.clock.now()).toISOString();
      const state = { agentId: "a", timestamp: now, state: "idle", details: {} };
      expect((await call(world, "POST", `${API}/agent/a/state`, state)).status).toBe(202);
      await world.pass(3_600_000);
      expect(await auditRows(world)).toEqual([]);
    });

    test("the list: newest first, by page, narrowed by any of its filters, for those who may", async () => {
      const times: string[] = [];
      for (const id of ["x", "y", "z"]) {
        world.clock.advance(1_000);
        times.push(new Date(world.clock.now()).toISOString());
        await call(world, "PUT", `${API}/agents/${id}`, { ...agentBody, agentName: id });
      }
      await call(world, "POST", `${API}/workflows`, oneTask("a", "x"));
      const { key, keyId } = (await call(world, "POST", `${API}/keys`, { name: "eve", role: "operator" })).body;
      const eve = { Authorization: `Bearer ${String(key)}` };
      await call(world, "PUT", `${API}/agents/x`, { ...agentBody, agentName: "x", version: "2" }, eve);
      const list = async (query: string) => {
        const { status, text, body } = await call(world, "GET", `${API}/audit${query}`, undefined, eve);
        expect(status, text).toBe(200);
        return body as { data: { seq: number; target: Json; at: string; action: string }[]; nextCursor: string | null };
      };
      const seqs = async (query: string) => (await list(query)).data.map(({ seq }) => seq);
      expect(await seqs("")).toEqual([6, 5, 4, 3, 2, 1]);
      expect(await seqs("?action=putAgent")).toEqual([6, 3, 2, 1]);
      expect(await seqs(`?actor=${String(keyId)}`)).toEqual([6]);
      expect(await seqs("?target=x")).toEqual([6, 4, 1]);
      expect(await seqs("?target=x&targetKind=workflow")).toEqual([4]);
      expect(await seqs(`?since=${times[1]}&until=${times[2]}`)).toEqual([2]);
      const rows_ = await list("?target=x&actor=root");
      expect(rows_.data[1]).toMatchObject({ at: times[0], action: "putAgent", target: { kind: "agent", id: "x" } });
      // Page by page it is the same list; a cursor is of its own filters.
      const paged: number[] = [];
      let cursor: string | null = null;
      do {
        const page = await list(`?action=putAgent&limit=1${cursor === null ? "" : `&cursor=${cursor}`}`);
        paged.push(...page.data.map(({ seq }) => seq));
        cursor = page.nextCursor;
        if (cursor === null) continue;
        expect((await call(world, "GET", `${API}/audit?limit=1&cursor=${cursor}`)).status).toBe(400);
      } while (cursor !== null);
      expect(paged).toEqual([6, 3, 2, 1]);
      for (const wrong of [
        "?action=sing",
        "?since=today",
        "?cursor=abc",
        "?what=1",
        "?limit=0",
        "?targetKind=pigeon",
      ]) {
        expectProblem(await call(world, "GET", `${API}/audit${wrong}`), 400, "invalid_query");
      }
      const viewer = (await call(world, "POST", `${API}/keys`, { name: "v", role: "viewer" })).body["key"];
      const refused = await call(world, "GET", `${API}/audit`, undefined, {
        Authorization: `Bearer ${String(viewer)}`,
      });
      expectProblem(refused, 403, "forbidden");
    });

    test("a filter that fits nothing looks at 1,000 rows a page, and says where to go on", async () => {
      await call(world, "PUT", `${API}/agents/n`, agentBody);
      // 1,200 rows as they are read; their hashes are nobody's business here.
      await rows(
        world,
        `INSERT INTO log (stream, seq, tx, at, v, cause, events, hash)
          WITH RECURSIVE n (seq) AS (SELECT 2 UNION ALL SELECT seq + 1 FROM n WHERE seq < 1201)
          SELECT l.stream, n.seq, 'x', l.at, l.v, replace(l.cause, 'root', 'other'), l.events, l.hash FROM log l, n
          WHERE l.stream = 'audit' AND l.seq = 1`,
      );
      const first = (await call(world, "GET", `${API}/audit?actor=root`)).body;
      expect(first).toEqual({ data: [], nextCursor: expect.any(String) as string });
      const second = (await call(world, "GET", `${API}/audit?actor=root&cursor=${String(first["nextCursor"])}`)).body;
      expect(second).toMatchObject({ data: [{ seq: 1 }], nextCursor: null });
    });

    test("P13: no payload and no secret is in the chain", async () => {
      const secret = "hunter2-hunter2";
      await ask("PUT", "/agents/n", {
        ...agentBody,
        contactEndpoint: `http://u:${secret}@agent.test/`,
        metadata: { secret },
      });
      await ask("POST", "/workflows", oneTask("a", "w", { parameters: { secret } }));
      await ask("PUT", "/schedules/s", { ...schedule, initialPayload: { secret }, description: secret });
      const id = await begin(world, [on("one")]);
      await ask("POST", `/sessions/${id}/signals/x`, { payload: { secret } }, keyed(secret));
      await ask("POST", `/sessions/${id}/cancel`, { reason: secret });
      expect(await auditRows(world)).toHaveLength(5);
      const stored = await rows(world, "SELECT cause, events FROM log WHERE stream = 'audit'");
      expect(JSON.stringify(stored)).not.toContain(secret);
    });

    test("P2, P3: many operators at one moment: as many rows as changes, one chain", { timeout: 60_000 }, async () => {
      const count = platform.name === "libsql" ? 50 : 12;
      const ids: string[] = [];
      for (let n = 0; n < count; n += 1) ids.push(await begin(world, [{ taskId: "yes", type: "approval" }]));
      const replies = await Promise.all(ids.map((id) => call(world, "POST", `${SESSIONS}/${id}/tasks/yes/approve`)));
      const done = replies.filter(({ status }) => status === 202).length;
      const refused = replies.filter(({ status }) => status === 503).length;
      expect(done + refused).toBe(count);
      // In one process changes go in turn; where there are several, a writer that was stale six times comes again.
      if (platform.name === "libsql") expect(refused).toBe(0);
      expect(done).toBeGreaterThan(0);
      const completed = await rows(world, "SELECT count(*) AS n FROM sessions WHERE status = 'completed'");
      expect([await auditRows(world), completed[0]?.["n"]]).toMatchObject([{ length: done }, done]);
      await world.flush();
    });

    test("P2, P8: whoever is stale decides again; what it then finds done is not recorded twice", async () => {
      const other = await bare();
      const results = await Promise.all(
        [1, 2, 3, 4].map(() => call(other, "POST", `${API}/workflows`, oneTask("a", "same"))),
      );
      expect(results.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 200, 200, 201]);
      expect(await auditRows(other)).toHaveLength(1);
    });
  });
};
