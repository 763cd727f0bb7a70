import { expect, test } from "vitest";
import { contention, MAX_TRIES, restBefore } from "../../src/app/tries.ts";
import { createTurns } from "../../src/app/turns.ts";
import { nodePlatform } from "../support/node-platform.ts";
import { plainWorlds } from "../support/plain-world.ts";
import { fanOutSuite } from "../suites/fan-out-suite.ts";

const open = plainWorlds(nodePlatform);

fanOutSuite(nodePlatform, 60);

test("work on one session goes in turn, though some of it fails; another session's does not wait", async () => {
  const turns = createTurns();
  const seen: string[] = [];
  let go = (): void => undefined;
  const gate = new Promise<void>((resolve) => (go = resolve));
  const first = turns.of("a", async () => {
    await gate;
    seen.push("a1");
    throw new Error("broke");
  });
  const second = turns.of("a", () => Promise.resolve(seen.push("a2")));
  await turns.of("b", () => Promise.resolve(seen.push("b")));
  expect(seen).toEqual(["b"]);
  go();
  await expect(first).rejects.toThrow("broke");
  await second;
  expect(seen).toEqual(["b", "a1", "a2"]);
});

test("a thousand wait for one session; the next is told to come back", async () => {
  const turns = createTurns();
  let go = (): void => undefined;
  const gate = new Promise<void>((resolve) => (go = resolve));
  const waiting = Array.from({ length: 1_000 }, () => turns.of("a", () => gate));
  await expect(turns.of("a", () => gate)).rejects.toMatchObject({ code: "contention", retryAfterSeconds: 1 });
  go();
  await Promise.all(waiting);
  await expect(turns.of("a", () => Promise.resolve("free"))).resolves.toBe("free");
});

test("a stale writer rests longer before each try, and not before it gives up", async () => {
  const rests: number[] = [];
  const rest = (ms: number): Promise<void> => Promise.resolve(void rests.push(ms));
  const deps = { ...(await open()).deps, rest, entropy: { bytes: () => new Uint8Array([255]) } };
  for (let tries = 1; tries <= MAX_TRIES; tries += 1) await restBefore(deps, tries);
  expect(rests).toEqual([50, 100, 200, 400, 800, 1_600]);
  expect(contention().retryAfterSeconds).toBe(1);
});
