import { describe, expect, test } from "vitest";
import {
  call,
  expectProblem,
  notification,
  NOTIFY,
  oneTask,
  register,
  rowCount,
  sessionOf,
  silentAgents,
  stateOf,
  worldsOf,
  type Json,
  type Reply,
} from "../support/api.ts";
import type { Platform, World } from "../support/world.ts";

const KIB = 1024;
const BASE = "/v1/opscore";

const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);

const manyKeys = (count: number): Json => Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, n]));

const tasks = (count: number): Json[] => Array.from({ length: count }, (_, n) => ({ taskId: `t${n}`, agentId: "a1" }));

const padded = (text: string, bytes: number): string =>
  text + " ".repeat(bytes - new TextEncoder().encode(text).length);

/** Every limit of the contract: exactly at it a request is taken and read back, one over it is refused. */
export const errorsLimitsSuite = (platform: Platform): void => {
  describe(`limits on ${platform.name}`, () => {
    const open = worldsOf(platform);

    const report = (world: World, details: string, pad = 0): Promise<Reply> => {
      const text = `{"agentId":"a1","timestamp":"2026-11-22T08:00:00Z","state":"idle","details":${details}}`;
      return call(world, "POST", `${BASE}/agent/a1/state`, pad === 0 ? text : padded(text, pad));
    };

    /** Starts a session with this input and gives the parameters that its first task gets. */
    const startWith = async (world: World, initialPayload: Json): Promise<Reply & { parameters: unknown }> => {
      const reply = await call(world, "POST", `${BASE}/sessions`, {
        workflowDefinition: oneTask("a1"),
        initialPayload,
      });
      const { tasks: rows } =
        reply.status === 202 ? await sessionOf(world, reply.body["sessionId"] as string) : { tasks: [] };
      return { ...reply, parameters: rows[0]?.parameters };
    };

    test("depth 32: the body, its details and what is inside", async () => {
      const world = await open();
      // The body is the first level, `details` the second.
      const details = `{"deep":${nested(30)}}`;
      expect((await report(world, details)).status).toBe(202);
      expect((await stateOf(world, "a1"))["details"]).toEqual(JSON.parse(details));
      expectProblem(await report(world, `{"deep":${nested(31)}}`), 400, "malformed_json");
    });

    test("1,000 keys an object", async () => {
      const world = await open();
      const { status, parameters } = await startWith(world, manyKeys(1_000));
      expect([status, parameters]).toEqual([202, manyKeys(1_000)]);
      expectProblem(await startWith(world, manyKeys(1_001)), 400, "malformed_json");
    });

    test.each([
      ["letters of one byte", "x", 128 * KIB],
      ["letters of two bytes", "é", 64 * KIB],
      ["letters of four bytes", "🤖", 32 * KIB],
    ])("128 KiB a string, counted in bytes: %s", async (_, letter, count) => {
      const world = await open();
      const text = letter.repeat(count);
      const { status, parameters } = await startWith(world, { text });
      expect([status, (parameters as { text: string }).text === text]).toEqual([202, true]);
      expectProblem(await startWith(world, { text: `${text}x` }), 400, "malformed_json");
    });

    test.each([9007199254740991, -9007199254740991, 0, -0.5, 1e-300, 1.7976931348623157e308])(
      "the number %d comes back as it is",
      async (number) => {
        const world = await open();
        expect((await startWith(world, { number })).parameters).toEqual({ number });
      },
    );

    test("text of every kind that is allowed comes back as it is", async () => {
      const world = await open();
      const text = "\u0001\t\n\u007f\u2028\ufeff\ufffe é 🤖 </script> ' \" \\ ; -- $1 ? %s ${x {{y}}";
      const details = { text, [text]: [text], "": "", constructor: 1, toString: null };
      await report(world, JSON.stringify(details));
      expect((await stateOf(world, "a1"))["details"]).toEqual(details);
      const { parameters } = await startWith(world, details);
      expect(parameters).toEqual(details);
    });

    test.each([
      ["a state report", 64 * KIB, (world: World, size: number) => report(world, "{}", size), 202],
      [
        "a webhook",
        64 * KIB,
        (world: World, size: number) =>
          call(world, "POST", NOTIFY, padded(JSON.stringify(notification("REGISTER", { agentId: "a1" })), size)),
        200,
      ],
      [
        "a definition",
        256 * KIB,
        (world: World, size: number) =>
          call(world, "POST", `${BASE}/workflows`, padded(JSON.stringify(oneTask("a1")), size)),
        201,
      ],
      [
        "a definition in YAML",
        64 * KIB,
        (world: World, size: number) =>
          call(world, "POST", `${BASE}/workflows`, padded("id: y\nname: Y\ntasks: [{taskId: t1}]\n", size), {
            "Content-Type": "application/yaml",
          }),
        201,
      ],
      [
        "a start",
        256 * KIB,
        (world: World, size: number) =>
          call(world, "POST", `${BASE}/sessions`, padded(JSON.stringify({ workflowDefinition: oneTask("a1") }), size)),
        202,
      ],
      [
        "a registration by hand",
        256 * KIB,
        (world: World, size: number) => {
          const body = { agentName: "A", version: "1", capabilities: [], contactEndpoint: "http://a.test/" };
          return call(world, "PUT", `${BASE}/agents/a1`, padded(JSON.stringify(body), size));
        },
        201,
      ],
      [
        "a settle call",
        256 * KIB,
        (world: World, size: number) => call(world, "POST", `${BASE}/tasks/x/complete`, padded("{}", size)),
        404,
      ],
    ])("%s may have %d bytes, and not one more", async (_, size, send, status) => {
      const world = await open();
      expectProblem(await send(world, size + 1), 413, "payload_too_large");
      expect(await rowCount(world)).toBe(0);
      expect((await send(world, size)).status).toBe(status);
    });

    test.each([
      ["capabilities", Array.from({ length: 200 }, (_, n) => `c${n}`), Array.from({ length: 201 }, (_, n) => `c${n}`)],
      ["capabilities", ["c".repeat(256)], ["c".repeat(257)]],
      ["agentName", "n".repeat(512), "n".repeat(513)],
      ["version", "v".repeat(128), "v".repeat(129)],
    ])(
      "a registration's %s: bounded by hand, by the body alone from AgentKit, which never sends it again",
      async (key, most, more) => {
        const world = await open();
        const agent = { agentName: "A", version: "1", capabilities: [], contactEndpoint: "http://a.test/" };
        const put = (value: unknown) => call(world, "PUT", `${BASE}/agents/a2`, { ...agent, [key]: value });
        expectProblem(await put(more), 422, "validation_failed");
        expect((await put(most)).status).toBe(201);
        const notice = notification("REGISTER", { agentId: "a1", [key]: more });
        expect((await call(world, "POST", NOTIFY, notice)).status).toBe(200);
        expect((await call(world, "GET", `${BASE}/agents/a1`)).body[key]).toEqual(more);
      },
    );

    test("an empty capability, which AgentKit lets through, is left out", async () => {
      const world = await open();
      const notice = notification("REGISTER", { agentId: "a1", capabilities: ["", "a"] });
      expect((await call(world, "POST", NOTIFY, notice)).status).toBe(200);
      expect((await call(world, "GET", `${BASE}/agents/a1`)).body["capabilities"]).toEqual(["a"]);
    });

    test("200 tasks a definition, and not one more", async () => {
      const world = await open();
      const define = (count: number) =>
        call(world, "POST", `${BASE}/workflows`, { id: "w", name: "W", tasks: tasks(count) });
      const { errors } = expectProblem(await define(201), 422, "invalid_definition");
      expect(errors).toEqual([expect.objectContaining({ pointer: "/tasks", code: "limit" })]);
      expect((await define(200)).status).toBe(201);
      await register(world, { agentId: "a1" });
      expect((await call(world, "POST", `${BASE}/sessions`, { workflowDefinitionId: "w" })).status).toBe(202);
    });

    test("an id of 128 characters works on every path, one of 129 on none", async () => {
      const world = await open({ call: silentAgents().call });
      const id = "i".repeat(128);
      await register(world, { agentId: id });
      expect((await call(world, "POST", `${BASE}/workflows`, oneTask(id, id, { taskId: id }))).status).toBe(201);
      expect((await call(world, "GET", `${BASE}/workflows/${id}`)).body["workflowId"]).toBe(id);
      const reply = await call(world, "POST", `${BASE}/agent/${id}/workflow`, { workflowDefinitionId: id });
      expect(reply.status, reply.text).toBe(202);
      expect(await sessionOf(world, reply.body["sessionId"] as string)).toMatchObject({
        agentId: id,
        workflowId: id,
        tasks: [{ taskId: id, agentId: id }],
      });
      const longer = `${id}i`;
      expectProblem(await call(world, "GET", `${BASE}/agents/${longer}`), 400, "invalid_id");
      expectProblem(await call(world, "POST", `${BASE}/workflows`, oneTask("a1", longer)), 400, "invalid_id");
      const named = { workflowDefinition: oneTask("a1"), agentId: longer };
      expectProblem(await call(world, "POST", `${BASE}/sessions`, named), 400, "invalid_id");
    });

    test("what is echoed of an input has at most 64 characters", async () => {
      const world = await open();
      const long = "z".repeat(128);
      const definition = {
        id: "w",
        name: "W",
        tasks: [
          { taskId: long, nextTaskId: `${long}y`, [`${long}k`]: 1, type: `${long}t` },
          { taskId: long, parameters: { a: `\${tasks.${long}.output}`, b: `\${${long}}` } },
        ],
      };
      const replies = [
        await call(world, "GET", `${BASE}/agents/${long}`),
        await call(world, "GET", `${BASE}/agent/${long}/state`),
        await call(world, "GET", `${BASE}/agents/${long}/history`),
        await call(world, "GET", `${BASE}/workflows/${long}`),
        await call(world, "GET", `${BASE}/sessions/${long}`),
        await call(world, "GET", `${BASE}/agents?${long}=1`),
        await call(world, "POST", `${BASE}/agent/${long}/workflow`, { workflowDefinition: oneTask("a1") }),
        await call(world, "POST", `${BASE}/sessions`, { workflowDefinitionId: long }),
        await call(world, "POST", `${BASE}/sessions`, { [long]: 1 }),
        await call(world, "POST", `${BASE}/sessions`, `{"${long}":1,"${long}":2}`),
        await call(world, "POST", `${BASE}/sessions`, {
          workflowDefinition: { id: "w", name: "W", tasks: [{ taskId: long }] },
        }),
        await call(world, "POST", `${BASE}/workflows`, definition),
        await call(world, "POST", NOTIFY, notification("z".repeat(64), { agentId: "a1" })),
      ];
      for (const reply of replies) {
        expectProblem(reply, reply.status, reply.body["code"] as string);
        expect(reply.text).not.toMatch(/z{65}/);
      }
    });
  });
};
