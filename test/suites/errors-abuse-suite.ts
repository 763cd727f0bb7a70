import { describe, expect, test } from "vitest";
import { call, callRaw, expectProblem, NOTIFY, rowCount, worldsOf, type Reply } from "../support/api.ts";
import {
  badBytes,
  badPlaces,
  badQueries,
  badSegments,
  largeTexts,
  malformedTexts,
  oddHeaders,
  wrongShapes,
} from "../support/hostile.ts";
import type { Platform } from "../support/world.ts";

const BASE = "/v1/opscore";
const SESSION = `ses_00${"0".repeat(26)}`;
const TASK = `tsk_00${"0".repeat(26)}.1:1`;

/** What a person does to a session and to its tasks. */
const controls = [
  ...["pause", "resume", "signals/go"],
  ...["retry", "skip", "complete", "fail", "approve", "reject"].map((verb) => `tasks/t1/${verb}`),
];

/** Every endpoint that reads a body. */
const writes: readonly (readonly [method: string, path: string])[] = [
  ["POST", NOTIFY],
  ["POST", `${BASE}/agent/a1/state`],
  ["POST", `${BASE}/agent/a1/workflow`],
  ["PUT", `${BASE}/agents/a1`],
  ["POST", `${BASE}/workflows`],
  ["POST", `${BASE}/workflows/validate`],
  ["POST", `${BASE}/sessions`],
  ["POST", `${BASE}/sessions/${SESSION}/cancel`],
  ...controls.map((path) => ["POST", `${BASE}/sessions/${SESSION}/${path}`] as const),
  ["POST", `${BASE}/tasks/${TASK}/complete`],
  ["POST", `${BASE}/tasks/${TASK}/fail`],
  ["POST", `${BASE}/tasks/${TASK}/heartbeat`],
];

const lists = ["agents", "agents/a1/history", "workflows", "sessions", `sessions/${SESSION}/log`].map(
  (path) => `${BASE}/${path}`,
);

const readable = [`${BASE}/agent/a1/state`, `${BASE}/agents/a1`, `${BASE}/workflows/w1`, `${BASE}/sessions/${SESSION}`];

/** Every path with an id in it; `@` stands for the id. */
const withId: readonly (readonly [method: string, path: string])[] = [
  ["GET", `${BASE}/agent/@/state`],
  ["POST", `${BASE}/agent/@/state`],
  ["POST", `${BASE}/agent/@/workflow`],
  ["GET", `${BASE}/agents/@`],
  ["PUT", `${BASE}/agents/@`],
  ["GET", `${BASE}/agents/@/history`],
  ["GET", `${BASE}/workflows/@`],
  ["GET", `${BASE}/sessions/@`],
  ["GET", `${BASE}/sessions/@/log`],
  ["POST", `${BASE}/sessions/@/cancel`],
  ...controls.map((path) => ["POST", `${BASE}/sessions/@/${path}`] as const),
  ["POST", `${BASE}/sessions/${SESSION}/signals/@`],
  ["POST", `${BASE}/sessions/${SESSION}/tasks/@/skip`],
  ["POST", `${BASE}/tasks/@/complete`],
  ["POST", `${BASE}/tasks/@/fail`],
  ["POST", `${BASE}/tasks/@/heartbeat`],
];

/** A refusal of the caller's fault, as a whole problem, that echoes no more than 64 characters of the input. */
const expectRefusal = (reply: Reply, statuses: readonly number[], what: string): void => {
  expect(statuses, `${what}: ${reply.status} ${reply.text.slice(0, 300)}`).toContain(reply.status);
  expectProblem(reply, reply.status, reply.body["code"] as string);
  expect(reply.text, what).not.toMatch(/x{65}|a{65}|A{65}/);
  expect(reply.text, what).not.toMatch(/\bat \S+:\d+:\d+|SELECT |INSERT |SQLITE|D1_ERROR|params:/);
};

/** Hostile input on every endpoint: the caller's fault, a problem, and nothing is stored. */
export const errorsAbuseSuite = (platform: Platform): void => {
  describe(`hostile input on ${platform.name}`, () => {
    const open = worldsOf(platform);

    test("the list is long enough", () => {
      const bodies = [malformedTexts, largeTexts, badBytes, wrongShapes].map((list) => Object.keys(list).length);
      expect(bodies.reduce((sum, count) => sum + count)).toBeGreaterThanOrEqual(60);
    });

    test.each(writes)("P12: no text that is not strict JSON is taken: %s %s", async (method, path) => {
      const world = await open();
      for (const [name, text] of Object.entries(malformedTexts)) {
        const reply = await call(world, method, path, text);
        expectRefusal(reply, [400], name);
        expect(reply.body["code"], name).toBe("malformed_json");
      }
      for (const [name, text] of Object.entries(largeTexts)) {
        expectRefusal(await call(world, method, path, text), [400, 413], name);
      }
      for (const [name, bytes] of Object.entries(badBytes)) {
        expectRefusal(await callRaw(world, path, { method, body: new Uint8Array(bytes) }), [400], name);
      }
      expect(await rowCount(world)).toBe(0);
    });

    test.each(writes)("P12: no value of another shape is taken: %s %s", async (method, path) => {
      const world = await open();
      for (const text of wrongShapes) {
        expectRefusal(await call(world, method, path, text), [422], text.slice(0, 40));
      }
      expect(await rowCount(world)).toBe(0);
    });

    test.each(writes)("P12: odd headers are refused or ignored: %s %s", async (method, path) => {
      const world = await open();
      for (const headers of oddHeaders) {
        const reply = await call(world, method, path, '{"agentId":""}', headers);
        expectRefusal(reply, [400, 401, 413, 415, 422], JSON.stringify(headers).slice(0, 80));
      }
      expect(await rowCount(world)).toBe(0);
    });

    test.each(withId)("no odd segment passes as an id: %s %s", async (method, path) => {
      const world = await open();
      for (const segment of badSegments) {
        // `path` is a plain text here: "$&" and the like in a segment must not be read as a pattern.
        const target = path.split("@").join(segment);
        const reply = await call(world, method, target, method === "GET" ? undefined : "{}");
        expectRefusal(reply, [400, 404, 422], segment.slice(0, 40));
      }
      expect(await rowCount(world)).toBe(0);
    });

    test.each(lists)("no odd query is taken by a list: %s", async (path) => {
      const world = await open();
      for (const query of badQueries) {
        const reply = await call(world, "GET", `${path}?${query}`);
        expectRefusal(reply, [400], query.slice(0, 40));
        expect(reply.body["code"]).toBe("invalid_query");
      }
      for (const place of badPlaces) {
        const reply = await call(world, "GET", `${path}?cursor=${encodeURIComponent(btoa(place))}`);
        expect([200, 400, 404], `${JSON.stringify(place).slice(0, 40)}: ${reply.text}`).toContain(reply.status);
        if (reply.status !== 200) expectRefusal(reply, [400, 404], place.slice(0, 40));
      }
      expect(await rowCount(world)).toBe(0);
    });

    test.each(readable)("what is no list takes no parameter, or its own: %s", async (path) => {
      const world = await open();
      for (const query of ["unknown=1", "limit=1", "__proto__=1", "a=1&a=2", `${"x".repeat(4_000)}=1`]) {
        const reply = await call(world, "GET", `${path}?${query}`);
        // The original ignored parameters; its paths still do.
        expectRefusal(reply, path.endsWith("/state") ? [404] : [400], query.slice(0, 40));
      }
      for (const revision of ["0", "-1", "1.5", "x", "", "9999999999", "1&revision=2", "%00"]) {
        expectRefusal(await call(world, "GET", `${BASE}/workflows/w1?revision=${revision}`), [400], revision);
      }
    });

    test("every path refuses every other method with 405 and Allow, or is unknown", async () => {
      const world = await open();
      const paths = [...new Set([...writes.map(([, path]) => path), ...lists, ...readable, "/health", "/ready"])];
      for (const path of paths) {
        const taken: string[] = [];
        for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE", "PROPFIND", "QUERY", "LOCK"]) {
          const reply = await call(world, method, path);
          if (reply.status !== 405) {
            taken.push(method);
            continue;
          }
          expectRefusal(reply, [405], `${method} ${path}`);
          expect(reply.headers.get("Allow")).toMatch(/^[A-Z]+(, [A-Z]+)*$/);
          expect(reply.headers.get("Allow")?.split(", ")).not.toContain(method);
        }
        const options = await call(world, "OPTIONS", path);
        expect(options.status).toBe(204);
        expect(
          options.headers
            .get("Allow")
            ?.split(", ")
            .filter((one) => !["HEAD", "OPTIONS"].includes(one)),
        ).toEqual(taken.toSorted());
      }
      expect(await rowCount(world)).toBe(0);
    });

    test.each(["/", "/v1", "/v1/", "/v1/opscore", `${BASE}/`, `${BASE}//agents`, `${BASE}/agents/`, "/healthz", "//"])(
      "nothing is served at %s",
      async (path) => {
        const world = await open();
        for (const method of ["GET", "POST", "DELETE", "OPTIONS"]) {
          expectRefusal(await call(world, method, path), [404], `${method} ${path}`);
        }
      },
    );
  });
};
