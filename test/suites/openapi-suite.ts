import * as fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import type { Operation } from "../../src/contract/operations/operation.ts";
import { definition } from "../../src/contract/operations/samples.ts";
import { operations } from "../../src/contract/operations/table.ts";
import { scheduleBody } from "../../src/contract/schedules.ts";
import { workflowSchema } from "../../src/contract/workflow.ts";
import { openApiDocument } from "../../src/http/openapi/document.ts";
import { call, read, silentAgents, worldsOf, type Json, type Reply } from "../support/api.ts";
import { drawRequest, soundRequests, type Drawn } from "../support/draw-request.ts";
import { stockUp, type Stock } from "../support/stock.ts";
import type { Platform, World } from "../support/world.ts";

/** What other tests may ask for more of: requests of each operation, and where drawing begins. */
export interface OpenApiRuns {
  readonly runs: number;
  readonly seed: number;
}

const table = Object.entries<Operation>(operations);

const pathOf = (name: string, values: Readonly<Record<string, string>>): string =>
  (name.split(" ")[1] ?? "").replaceAll(/\{(\w+)\}/g, (_, key: string) => encodeURIComponent(values[key] ?? ""));

const methodOf = (name: string): string => name.split(" ")[0] ?? "";

const queryOf = (query: Readonly<Record<string, string | undefined>>): string => {
  const sent = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return sent.length === 0 ? "" : `?${new URLSearchParams(sent).toString()}`;
};

const document = openApiDocument();
const { schemas } = document.components;

/** A stock, and the definitions that the examples name. */
const populate = async (world: World): Promise<Stock> => {
  for (const id of ["report", "listed"]) {
    expect((await call(world, "POST", "/v1/opscore/workflows", { ...definition, id })).status).toBe(201);
  }
  return stockUp(world, 0);
};

/** Operations that change, or end, what they are about: each gets its own. */
const usesUp = (name: string): boolean => name.includes("{") && !name.startsWith("GET ");

/** As `call`, but pages and texts are answers as well. */
const ask = async (...[world, method, path, body, headers]: Parameters<typeof call>): Promise<Reply> => {
  const response = await world.request(method, path, body, headers);
  if (response.headers.get("Content-Type")?.includes("json") === true) return read(response);
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: {} };
};

const send = (world: World, name: string, { path, query, body, key }: Omit<Drawn, "next">): Promise<Reply> =>
  ask(world, methodOf(name), `${pathOf(name, path)}${queryOf(query)}`, body, { "Idempotency-Key": key });

/** The example of an operation, sent as it stands in the document. */
const sendExample = (world: World, name: string, { example, body }: Operation) =>
  send(world, name, { ...example, body: body?.example, key: null });

export const openApiSuite = (platform: Platform, { runs, seed }: OpenApiRuns): void => {
  const open = worldsOf(platform);

  describe("what the table of operations says is what the app does", () => {
    test("each handler reads its query and its body with the very schemas of the table", async () => {
      const world = await open({ call: silentAgents().call });
      for (const [name, operation] of table) {
        const { query, body } = operation;
        // A calendar is added to this one (test/contract/operations.test.ts), and definitions are checked by the app.
        const isRead = body !== null && body.schema !== scheduleBody && body.schema !== workflowSchema;
        const asked = query === null ? null : vi.spyOn(query, "safeParseAsync");
        const parsed = isRead ? vi.spyOn(body.schema, "safeParse") : null;
        try {
          await sendExample(world, name, operation);
          if (asked !== null) expect([name, asked.mock.calls.length]).toEqual([name, 1]);
          if (parsed !== null) expect([name, parsed.mock.calls.length]).toEqual([name, 1]);
        } finally {
          asked?.mockRestore();
          parsed?.mockRestore();
        }
      }
    });

    test("an unknown query parameter is 400 everywhere but where the query was never looked at", async () => {
      const world = await open();
      const loose = table.filter(([, { query }]) => query === null).map(([name]) => name);
      expect(loose.map((name) => name.split("/").at(-1))).toEqual([
        "notify",
        "state",
        "state",
        "workflow",
        "health",
        "ready",
      ]);
      for (const [name, operation] of table) {
        const { example, body, query } = operation;
        const reply = await send(world, name, {
          ...example,
          query: { unheardOf: "1" },
          body: body?.example,
          key: null,
        });
        const fault = { pointer: "/unheardOf", code: "unknown_parameter", message: "Unknown parameter" };
        if (query === null) expect([name, reply.body["code"]]).not.toEqual([name, "invalid_query"]);
        else expect([name, reply.status, reply.body["errors"]]).toEqual([name, 400, [fault]]);
      }
    });

    test("every answer has the request's id, whatever it is", async () => {
      const world = await open();
      for (const [name, operation] of table) {
        const path = pathOf(name, operation.example.path);
        for (const key of [undefined, "Bearer wrong"]) {
          const headers = { "X-Request-Id": "mine-1", ...(key === undefined ? {} : { Authorization: key }) };
          const reply = await ask(world, methodOf(name), path, operation.body?.example, headers);
          expect([name, reply.headers.get("X-Request-Id")]).toEqual([name, "mine-1"]);
          if (key !== undefined && operation.auth === "key") expect([name, reply.status]).toEqual([name, 401]);
        }
      }
    });

    test("a read that is polled is 304 until it changes, and asks the store no more than before", async () => {
      const world = await open({ call: silentAgents().call });
      const { subjects } = await populate(world);
      const [known = {}] = subjects;
      const polled = table.filter(([name, { headers }]) => headers.includes("ETag") && name.includes("/v1/"));
      expect(polled.length).toBe(7);
      for (const [name] of polled) {
        const path = pathOf(name, known);
        const { counts } = world;
        const earlier = counts.roundTrips;
        const first = await call(world, "GET", path);
        const tag = first.headers.get("ETag");
        expect([name, first.status, tag]).toEqual([name, 200, expect.stringMatching(/^W\/"[0-9a-f]{32}"$/)]);
        const before = counts.roundTrips;
        const again = await call(world, "GET", path, undefined, { "If-None-Match": tag });
        expect([name, again.status, again.text, counts.roundTrips - before]).toEqual([name, 304, "", before - earlier]);
      }
      const path = `/v1/opscore/sessions/${known["sessionId"] ?? ""}`;
      const tag = (await call(world, "GET", path)).headers.get("ETag");
      await call(world, "POST", `${path}/pause`);
      expect((await call(world, "GET", path, undefined, { "If-None-Match": tag })).status).toBe(200);
    });
  });

  describe("requests drawn from the document", () => {
    test(`${runs} of each operation, and its example: no 5xx, no answer that is not described`, async () => {
      const world = await open({ call: silentAgents().call });
      const first = await populate(world);
      const met = new Set<number>();
      const unanswered: string[] = [];
      for (const [n, [name, described]] of table.entries()) {
        const [method = "", path = ""] = name.split(" ");
        const operation = document.paths[path]?.[method.toLowerCase()];
        if (operation === undefined) throw new Error(`${name} is not in the document`);
        const stock = usesUp(name) ? await stockUp(world, n + 1) : first;
        const sound = soundRequests(described, stock);
        let successes = 0;
        let page: Drawn["query"] | null = null;
        await fc.assert(
          fc.asyncProperty(drawRequest(operation, stock, schemas), async (drawn) => {
            const query: Drawn["query"] = drawn.next && page !== null ? page : drawn.query;
            // The world holds each answer against the contract, and throws what is wrong with it.
            const { status, body } = await send(world, name, { ...drawn, query });
            await world.flush();
            met.add(status);
            if (status < 300) successes += 1;
            if (typeof body["nextCursor"] === "string") page = { ...query, cursor: body["nextCursor"] };
            expect(status, JSON.stringify(body satisfies Json)).toBeLessThan(500);
            expect(Object.keys(operation.responses).map(Number), name).toContain(status);
          }),
          { numRuns: runs + sound.length, seed, endOnFailure: true, examples: sound.map((one) => [one]) },
        );
        if (successes === 0) unanswered.push(name);
      }
      // Else none of its answers was held against its schema.
      expect(unanswered).toEqual([]);
      for (const status of [200, 202, 400, 404, 409, 422]) expect([...met]).toContain(status);
    }, 600_000);
  });
};
