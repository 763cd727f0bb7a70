import { describe, expect, test } from "vitest";
import type { SessionFilter } from "../../src/app/session-lists-port.ts";
import { createRandom } from "../sim/random.ts";
import {
  anySession,
  drawFilter,
  passes,
  seededStates,
  statusOf,
  writeStates,
  type SeededState,
} from "../support/seeded-sessions.ts";
import { stores, type Stored } from "../support/stored.ts";
import type { Platform } from "../support/world.ts";

const COUNT = 3_000;

/** Follows a list to its end; the pages as they came. */
const walk = async (
  { store }: Stored,
  filter: SessionFilter,
  limit: number,
  between: () => Promise<void> = () => Promise.resolve(),
): Promise<string[][]> => {
  const pages: string[][] = [];
  let after: string | null = null;
  do {
    const { rows, next }: { rows: readonly string[]; next: string | null } = await store.findSessions(filter, {
      after,
      limit,
    });
    pages.push([...rows]);
    if (next !== null && after !== null && next >= after) throw new Error(`no way down from ${after} to ${next}`);
    after = next;
    await between();
  } while (after !== null);
  return pages;
};

const idsOf = (states: readonly SeededState[], filter: SessionFilter): string[] =>
  states
    .filter((state) => passes(state, filter))
    .map(({ id }) => id)
    .toReversed();

/** Filters of sessions against the same said in plain words, over many sessions of all kinds. */
export const listsFiltersSuite = (platform: Platform): void => {
  const open = stores(platform);

  const filled = async (states = seededStates(COUNT)): Promise<{ stored: Stored; states: SeededState[] }> => {
    const stored = await open();
    await writeStates(stored.sql, states);
    return { stored, states };
  };

  describe(`filters of sessions on ${platform.name}`, () => {
    test("each member, and any of them together, leaves what it says, newest first", { timeout: 120_000 }, async () => {
      const { stored, states } = await filled();
      const random = createRandom("filters");
      const found = new Map<string, number>();
      for (let round = 0; round < 150; round += 1) {
        const filter = drawFilter(random, COUNT);
        const expected = idsOf(states, filter);
        const pages = await walk(stored, filter, 200);
        expect(pages.flat(), JSON.stringify(filter)).toEqual(expected);
        for (const page of pages) expect(page.length).toBeLessThanOrEqual(200);
        for (const [name, value] of Object.entries(filter)) {
          if (value !== null) found.set(name, (found.get(name) ?? 0) + expected.length);
        }
      }
      // Each member was drawn with sessions left, or the comparison would say nothing about it.
      expect([...found.keys()].toSorted()).toEqual(Object.keys(anySession).toSorted());
      expect([...found.entries()].filter(([, count]) => count === 0)).toEqual([]);
    });

    test("counts by state are those of the same filter", { timeout: 60_000 }, async () => {
      const { stored, states } = await filled();
      const random = createRandom("counts");
      for (let round = 0; round < 60; round += 1) {
        const filter: SessionFilter = round === 0 ? anySession : { ...drawFilter(random, COUNT), statuses: null };
        const expected: Record<string, number> = {};
        for (const state of states) {
          if (passes(state, filter)) expected[statusOf(state)] = (expected[statusOf(state)] ?? 0) + 1;
        }
        const { counts, exact } = await stored.store.countSessions(filter);
        const nonZero = Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
        expect([nonZero, exact], JSON.stringify(filter)).toEqual([expected, true]);
      }
    });

    test("the rows of a list are the heads of what is found", async () => {
      const { stored, states } = await filled(seededStates(60));
      const { rows, next } = await stored.store.listSessions(
        { ...anySession, statuses: ["failed"] },
        {
          after: null,
          limit: 200,
        },
      );
      const failed = states.filter(({ status }) => status === "failed").toReversed();
      expect([rows.map(({ state }) => state), next]).toEqual([failed, null]);
      expect(failed.length).toBeGreaterThan(5);
    });
  });

  describe(`paging while sessions change on ${platform.name}`, () => {
    test("what was there and passed all along comes once, nothing twice", { timeout: 120_000 }, async () => {
      const random = createRandom("moving");
      for (let round = 0; round < 8; round += 1) {
        const { stored, states } = await filled(seededStates(400, `moving ${round}`));
        const filter = round === 0 ? anySession : drawFilter(random, 400);
        const always = new Set(idsOf(states, filter));
        const ever = new Set(always);
        let next = 1_000;
        const pages = await walk(stored, filter, 1 + random.int(30), async () => {
          // New ones come, and some of the old ones go over into another state.
          const changed: SeededState[] = seededStates(next + 3, `new ${next}`).slice(next);
          next += 3;
          for (let n = 0; n < 10; n += 1) {
            const at = random.int(states.length);
            const before = states[at]!;
            const other = random.pick(states);
            const { status, endedAt, reason, open: tasks, dispatched } = other;
            states[at] = { ...before, status, endedAt, reason, open: tasks, dispatched };
            changed.push(states[at]);
          }
          await writeStates(stored.sql, changed);
          for (const state of changed) {
            if (passes(state, filter)) ever.add(state.id);
            else always.delete(state.id);
          }
        });
        const seen = pages.flat();
        expect(new Set(seen).size).toBe(seen.length);
        expect([...always].filter((id) => !seen.includes(id))).toEqual([]);
        expect(seen.filter((id) => !ever.has(id))).toEqual([]);
      }
    });
  });
};
