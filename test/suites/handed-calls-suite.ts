import { afterEach, describe, expect, test } from "vitest";
import type { HttpCall } from "../../src/agentkit/http-call.ts";
import { takeHint } from "../../src/app/take-hint.ts";
import type { Hint } from "../../src/app/ports.ts";
import { sweep } from "../../src/app/sweep.ts";
import { createWorld, type Platform, type World } from "../support/world.ts";

const SECOND = 1_000;

const answer: Awaited<ReturnType<HttpCall>> = {
  kind: "answer",
  status: 200,
  headers: { get: () => null },
  body: "made",
  truncated: false,
};

interface Calls extends World {
  /** When the other side was called, by the stepped clock. */
  readonly made: readonly number[];
  /** Resolves when the first call is under way. */
  readonly begun: Promise<void>;
  /** Lets the calls that are under way be answered. */
  answer(): void;
  start(task?: object): Promise<string>;
  session(id: string): Promise<{ readonly status: string; readonly tasks: readonly { readonly output: unknown }[] }>;
  /** Hints that ask for a call, as the queue hands them on. */
  asked(): readonly (Hint & { kind: "call" })[];
  take(hint: Hint & { kind: "call" }): Promise<void>;
}

const openCalls = async (platform: Platform, againMs = 20 * SECOND): Promise<Calls> => {
  const made: number[] = [];
  const waiting: (() => void)[] = [];
  let begin = (): void => undefined;
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const world = await createWorld(platform, {
    callLimits: { firstMs: 20 * SECOND, againMs },
    call: () => {
      made.push(world.clock.now());
      begin();
      return new Promise((resolve) => waiting.push(() => resolve(answer)));
    },
  });
  return {
    ...world,
    made,
    begun,
    answer: () => waiting.splice(0).forEach((one) => one()),
    start: async (task = {}) => {
      const reply = await world.request("POST", "/v1/opscore/sessions", {
        workflowDefinition: {
          id: "long",
          name: "Long",
          tasks: [{ taskId: "fetch", type: "http", url: "http://api.test/", timeout: { run: "5m" }, ...task }],
        },
      });
      expect(reply.status).toBe(202);
      return ((await reply.json()) as { sessionId: string }).sessionId;
    },
    session: async (id) => (await (await world.request("GET", `/v1/opscore/sessions/${id}`)).json()) as never,
    asked: () => world.hints.filter((hint) => hint.kind === "call"),
    take: ({ sessionId, n, attempt }) => takeHint(world.deps, { sessionId, call: { n, attempt } }),
  };
};

/** Calls that outlast the invocation which asks for them: left to whoever takes the hint, and made once. */
export const handedCallsSuite = (platform: Platform): void => {
  describe(`long calls on ${platform.name}`, () => {
    const opened: Calls[] = [];
    afterEach(async () => {
      for (const world of opened.splice(0)) {
        world.answer();
        await world.close();
      }
    });
    const open = async (againMs?: number): Promise<Calls> => {
      const world = await openCalls(platform, againMs);
      opened.push(world);
      return world;
    };

    test("a call is made by whoever takes the hint, once, however many copies of it there are", async () => {
      const world = await open();
      const id = await world.start();
      await world.flush();
      expect(world.made).toEqual([]);
      const [hint, ...others] = world.asked();
      expect(others).toEqual([]);
      expect(hint).toEqual({ sessionId: id, at: world.clock.now(), kind: "call", n: 1, attempt: 1 });
      await Promise.all([world.take(hint!), world.take(hint!), world.take(hint!)]);
      expect(world.made).toHaveLength(1);
      // It is under way for almost as long as it may take: nobody makes it again meanwhile.
      world.clock.advance(5 * 60 * SECOND + 29 * SECOND);
      await world.take(hint!);
      await sweep(world.deps, { own: 10, limit: 10 });
      expect(world.made).toHaveLength(1);
      expect(await world.session(id)).toMatchObject({ status: "running" });
      world.answer();
      await world.flush();
      expect(await world.session(id)).toMatchObject({ status: "completed", tasks: [{ output: { body: "made" } }] });
      await world.take(hint!);
      expect(world.made).toHaveLength(1);
    });

    test("a call that fits is made at once, and asks nobody", async () => {
      const world = await open();
      await world.start({ timeout: { run: "20s" } });
      expect(world.made).toHaveLength(1);
      expect(world.asked()).toEqual([]);
    });

    test("where every hint is lost, the sweep makes the call a minute later", async () => {
      const world = await open(Infinity);
      const id = await world.start();
      const asked = world.clock.now();
      world.clock.advance(59 * SECOND);
      await world.sweep();
      expect(world.made).toEqual([]);
      world.clock.advance(SECOND);
      const swept = world.sweep();
      await world.begun;
      world.answer();
      await swept;
      expect(world.made).toEqual([asked + 60 * SECOND]);
      expect(await world.session(id)).toMatchObject({ status: "completed" });
    });

    test("a hint that comes when the sweep has begun makes no second call", async () => {
      const world = await open(Infinity);
      await world.start();
      const [hint] = world.asked();
      world.clock.advance(60 * SECOND);
      const swept = world.sweep();
      await world.begun;
      await world.take(hint!);
      world.answer();
      await swept;
      expect(world.made).toHaveLength(1);
    });

    test("whoever may not take so long asks again instead, and the hint before still serves", async () => {
      const world = await open();
      const id = await world.start();
      world.clock.advance(60 * SECOND);
      await world.sweep();
      expect(world.made).toEqual([]);
      expect(world.asked()).toHaveLength(2);
      await Promise.all(world.asked().map((hint) => world.take(hint)));
      expect(world.made).toHaveLength(1);
      world.answer();
      await world.flush();
      expect(await world.session(id)).toMatchObject({ status: "completed" });
    });

    test("a hint for a session that is paused, cancelled or unknown does nothing", async () => {
      const world = await open();
      const id = await world.start();
      const [hint] = world.asked();
      expect((await world.request("POST", `/v1/opscore/sessions/${id}/pause`, {})).status).toBe(202);
      await world.take(hint!);
      expect((await world.request("POST", `/v1/opscore/sessions/${id}/cancel`, {})).status).toBe(202);
      await world.take(hint!);
      await world.take({ ...hint!, sessionId: "ses_0001M8149T005WFVAED5FS98FYCY" });
      await world.take({ ...hint!, n: 7 });
      expect(world.made).toEqual([]);
    });
  });
};
