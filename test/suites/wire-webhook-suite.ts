import { describe, expect, test } from "vitest";
import { call, callRaw, expectProblem, notification, NOTIFY, stateOf, worldsOf, type Json } from "../support/api.ts";
import { notifySigned, signatureOf, unixSeconds } from "../support/sign-webhook.ts";
import { replay } from "../support/wire-expectation.ts";
import { timeOf, wireRecording } from "../support/wire-recordings.ts";
import type { Platform, World } from "../support/world.ts";

const SECRET = "super-secret-webhook-key-123";
const strict = { allowUnsigned: false, webhookSecrets: [SECRET] };
const hello = notification("REGISTER", { agentId: "a1" });

const registrationOf = async (world: World, agentId: string): Promise<unknown> =>
  (await call(world, "GET", `/v1/opscore/agents/${agentId}`)).body["registration"];

/** The webhook: signature, window, secrets, and the order of facts by their signed time. */
export const wireWebhookSuite = (platform: Platform): void => {
  describe(`the webhook on ${platform.name}`, () => {
    const open = worldsOf(platform);

    test("the signature vectors of the recordings are those that AgentKit makes", async () => {
      const { request, secret } = wireRecording("webhook-register-unicode");
      const timestamp = request.headers["X-AgentKit-Timestamp"] ?? "";
      expect(await signatureOf(secret ?? "", timestamp, request.body_raw)).toBe(
        request.headers["X-AgentKit-Signature"],
      );
    });

    test("one changed byte, another timestamp or another secret is 401", async () => {
      const recording = wireRecording("webhook-register-with-metadata");
      const world = await open({ ...strict, now: timeOf(recording) });
      const { headers, body_raw: body } = recording.request;
      const changed = [
        { ...recording, request: { ...recording.request, body_raw: body.replace("OrderAgent", "OrderAgenT") } },
        { ...recording, request: { ...recording.request, body_raw: `${body} ` } },
        {
          ...recording,
          request: { ...recording.request, headers: { ...headers, "X-AgentKit-Timestamp": "1795333506" } },
        },
      ];
      for (const one of changed) expectProblem(await replay(world, one), 401, "invalid_signature");
      expectProblem(await notifySigned(world, "another", hello), 401, "invalid_signature");
      expect((await replay(world, recording)).status).toBe(200);
    });

    test("nothing of the body is read before the signature fits", async () => {
      const world = await open(strict);
      const bad = { Authorization: null, "X-AgentKit-Timestamp": unixSeconds(world.clock.now()) };
      const headers = { ...bad, "X-AgentKit-Signature": "0".repeat(64) };
      expectProblem(await call(world, "POST", NOTIFY, "{", headers), 401, "invalid_signature");
      expectProblem(await notifySigned(world, SECRET, "{"), 400, "malformed_json");
    });

    test.each<[string, Record<string, string | null>]>([
      ["no timestamp", { "X-AgentKit-Timestamp": null }],
      ["no signature", { "X-AgentKit-Signature": null }],
      ["neither", { "X-AgentKit-Timestamp": null, "X-AgentKit-Signature": null }],
      ["upper-case digits", { "X-AgentKit-Signature": "A".repeat(64) }],
      ["a short signature", { "X-AgentKit-Signature": "0".repeat(63) }],
      ["a prefix", { "X-AgentKit-Signature": `sha256=${"0".repeat(64)}` }],
      ["milliseconds", { "X-AgentKit-Timestamp": "1795333505000" }],
      ["a fraction", { "X-AgentKit-Timestamp": "1795333505.5" }],
      ["no date", { "X-AgentKit-Timestamp": "yesterday" }],
      ["a date without an offset", { "X-AgentKit-Timestamp": "2026-11-22T08:00:00" }],
    ])("signed headers that are not as they should be are 401: %s", async (_, headers) => {
      const world = await open(strict);
      const body = JSON.stringify(hello);
      const timestamp = unixSeconds(world.clock.now());
      const all: Record<string, string | null> = {
        Authorization: null,
        "X-AgentKit-Timestamp": timestamp,
        "X-AgentKit-Signature": await signatureOf(SECRET, headers["X-AgentKit-Timestamp"] ?? timestamp, body),
        ...headers,
      };
      expectProblem(await call(world, "POST", NOTIFY, body, all), 401, "invalid_signature");
    });

    test.each(["2026-11-22T08:00:00Z", "2026-11-22T09:00:00.123456+01:00", "1795334400"])(
      "a timestamp of either form is taken: %s",
      async (timestamp) => {
        const world = await open({ ...strict, now: Date.UTC(2026, 10, 22, 8) });
        const reply = await notifySigned(world, SECRET, hello, timestamp);
        expect(reply.body).toEqual({ status: "success", message: "Agent a1 registered successfully." });
      },
    );

    test.each([
      [-300_000, 200],
      [300_000, 200],
      [-300_001, 401],
      [300_001, 401],
      [-301_000, 401],
      [301_000, 401],
    ])("the window is 300 s on either side: %d ms off is %d", async (offMs, status) => {
      const now = Date.UTC(2026, 10, 22, 8);
      const world = await open({ ...strict, now: now + offMs });
      expect((await notifySigned(world, SECRET, hello, unixSeconds(now))).status).toBe(status);
    });

    test("while two secrets rotate both are taken, and no third", async () => {
      const world = await open({ allowUnsigned: false, webhookSecrets: ["new", "old"] });
      expect((await notifySigned(world, "old", hello)).status).toBe(200);
      expect((await notifySigned(world, "new", hello)).status).toBe(200);
      expect((await notifySigned(world, "older", hello)).status).toBe(401);
      expect((await notifySigned(world, "new,old", hello)).status).toBe(401);
    });

    test("without a secret a webhook is 401 and says what to set", async () => {
      const world = await open({ allowUnsigned: false, webhookSecrets: [] });
      const { hint } = expectProblem(await notifySigned(world, SECRET, hello), 401, "invalid_signature");
      expect(hint).toContain("OPSCORE_WEBHOOK_SECRET");
    });

    test("where unsigned webhooks are allowed a wrong signature is still 401", async () => {
      const world = await open({ allowUnsigned: true, webhookSecrets: [SECRET] });
      expectProblem(await notifySigned(world, "wrong", hello), 401, "invalid_signature");
      expect((await call(world, "POST", NOTIFY, hello, { Authorization: null })).status).toBe(200);
    });

    test("a webhook of exactly 64 KiB is taken, one byte more is 413 before anything is checked", async () => {
      const world = await open(strict);
      const text = JSON.stringify(hello);
      const fill = text + " ".repeat(64 * 1024 - text.length);
      expect((await notifySigned(world, SECRET, fill)).status).toBe(200);
      expectProblem(await notifySigned(world, "wrong", `${fill} `), 413, "payload_too_large");
    });

    test("ill-formed UTF-8 is 400", async () => {
      const world = await open();
      const reply = await callRaw(world, NOTIFY, { method: "POST", body: new Uint8Array([0x22, 0xff, 0x22]) });
      expectProblem(reply, 400, "malformed_json");
    });

    test.each(["REGISTER", "register", "Register"])("REGISTER in any case: %s", async (event) => {
      const world = await open(strict);
      const reply = await notifySigned(world, SECRET, notification(event, { agentId: "a1" }));
      expect(reply.text).toBe('{"status":"success","message":"Agent a1 registered successfully."}');
      expect((await notifySigned(world, SECRET, notification(event, { agentId: "a1" }))).text).toBe(reply.text);
    });

    test.each(["DEREGISTER", "deregister", "DeRegister"])("DEREGISTER in any case, also again: %s", async (event) => {
      const world = await open(strict);
      await notifySigned(world, SECRET, hello);
      const gone: Json = { event_type: event, agent_details: { agentId: "a1" } };
      const reply = await notifySigned(world, SECRET, gone);
      expect(reply.text).toBe('{"status":"success","message":"Agent a1 deregistered."}');
      expect((await notifySigned(world, SECRET, gone)).text).toBe(reply.text);
      expect(await registrationOf(world, "a1")).toBe("deregistered");
    });

    test("registrationTime, registration_time, neither and unknown fields are all the same", async () => {
      const world = await open(strict);
      const { agent_details: details } = hello as { agent_details: Json };
      for (const more of [{}, { registrationTime: "x" }, { registration_time: null }, { any: { thing: [1] } }]) {
        const body = { event_type: "REGISTER", agent_details: { ...details, ...more }, another: 1 };
        expect((await notifySigned(world, SECRET, body)).status).toBe(200);
      }
    });

    test("facts are ordered by signed time, not by arrival: an older REGISTER does not undo a DEREGISTER", async () => {
      const world = await open(strict);
      const now = world.clock.now();
      const gone = notification("DEREGISTER", { agentId: "a1" });
      await notifySigned(world, SECRET, gone, unixSeconds(now));
      const late = await notifySigned(world, SECRET, hello, unixSeconds(now - 10_000));
      expect([late.status, late.body["status"]]).toEqual([200, "success"]);
      expect(await registrationOf(world, "a1")).toBe("deregistered");
      await notifySigned(world, SECRET, hello, unixSeconds(now + 1_000));
      expect(await registrationOf(world, "a1")).toBe("registered");
      await notifySigned(world, SECRET, gone, unixSeconds(now + 999));
      expect(await registrationOf(world, "a1")).toBe("registered");
      expect((await stateOf(world, "a1"))["state"]).toBe("UNKNOWN");
    });

    test("in the same second the later received fact wins", async () => {
      const world = await open(strict);
      await notifySigned(world, SECRET, hello);
      await notifySigned(world, SECRET, notification("DEREGISTER", { agentId: "a1" }));
      expect(await registrationOf(world, "a1")).toBe("deregistered");
      await notifySigned(world, SECRET, hello);
      expect(await registrationOf(world, "a1")).toBe("registered");
    });

    test("an older REGISTER leaves newer data alone", async () => {
      const world = await open(strict);
      const now = world.clock.now();
      await notifySigned(world, SECRET, notification("REGISTER", { agentId: "a1", version: "2" }), unixSeconds(now));
      const old = notification("REGISTER", { agentId: "a1", version: "1" });
      expect((await notifySigned(world, SECRET, old, unixSeconds(now - 1_000))).status).toBe(200);
      expect((await call(world, "GET", "/v1/opscore/agents/a1")).body["version"]).toBe("2");
    });
  });
};
