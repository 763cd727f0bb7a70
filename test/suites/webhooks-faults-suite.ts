import { describe, expect, inject, test } from "vitest";
import { call, worldsOf, type Json } from "../support/api.ts";
import { hooksOf, WEBHOOKS } from "../support/hooks.ts";
import type { OddAnswer } from "../support/odd-protocol.ts";
import type { Platform } from "../support/world.ts";

const answer = (odd: OddAnswer): string => `/answer?${encodeURIComponent(JSON.stringify(odd))}`;

/** Endpoints that misbehave, over real HTTP. */
export const webhooksFaultsSuite = (platform: Platform): void => {
  const open = hooksOf(worldsOf(platform));

  describe(`endpoints that misbehave on ${platform.name}`, () => {
    const sent = async (path: string): Promise<Json & { response: Json }> => {
      const { world, deliveries } = await open({ call: platform.call, callTimeoutMs: 800 });
      const url = `${inject("oddUrl")}${path}`;
      const made = await call(world, "POST", WEBHOOKS, { url, events: ["session.completed"] });
      const id = String(made.body["webhookId"]);
      expect((await call(world, "POST", `${WEBHOOKS}/${id}/test`)).status).toBe(202);
      await world.sweep();
      return (await deliveries(id))[0] as Json & { response: Json };
    };

    test("one that takes it gets what the library verifies", async () => {
      const { status, response, deliveryId } = await sent("/echo");
      expect([status, response["status"], response["error"]]).toEqual(["delivered", 200, null]);
      const echo = JSON.parse(String(response["body"])) as { headers: Record<string, string>; body: string };
      expect(echo.headers["webhook-id"]).toBe(deliveryId);
      expect(echo.headers["webhook-signature"]).toMatch(/^v1,[A-Za-z0-9+/]{43}=$/);
      expect(JSON.parse(echo.body)).toMatchObject({ type: "webhook.ping" });
    });

    test("a redirect is not followed", async () => {
      const { status, response } = await sent(answer({ status: 302, headers: { location: "/echo" } }));
      expect([status, response["status"], response["error"]]).toEqual(["pending", 302, "redirects are not followed"]);
    });

    test.each(["/silent", "/reset"])("%s: no answer is a failure", async (path) => {
      const { status, response } = await sent(path);
      expect([status, response["status"]]).toEqual(["pending", null]);
      expect(response["error"]).toMatch(/^the endpoint /);
    });

    test.each(["/endless", "/half"])("%s: the status counts, of the rest little is kept", async (path) => {
      const { status, response } = await sent(path);
      expect([status, response["status"]]).toEqual(["delivered", 200]);
      expect(String(response["body"]).length).toBeLessThanOrEqual(4_096);
    });

    test("bytes that are no text are kept as what can be read of them", async () => {
      const { status, response } = await sent(answer({ status: 500, body: "AP/+AA==", base64: true }));
      expect([status, response["status"]]).toEqual(["pending", 500]);
      expect(String(response["body"])).not.toContain("\0");
    });
  });
};
