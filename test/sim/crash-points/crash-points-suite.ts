import { beforeAll, describe, expect, test } from "vitest";
import type { Story } from "./story.ts";
import { killOnce, killTwice, referenceOf } from "./survey.ts";

const LONG_MS = 120_000;

const isRequest = (useCase: string): boolean => !useCase.startsWith("a ");

/** Every use case of the stories, killed before and after each of its port calls; `least`: there are so many at least. */
export const crashPointsSuite = (stories: readonly Story[], least: { points: number; secondDeaths: number }): void => {
  const lines: string[] = [];
  const totals = { points: 0, deaths: 0, secondDeaths: 0 };

  describe.each(stories)("$name", { timeout: LONG_MS }, (story) => {
    const { useCases } = story;

    beforeAll(async () => {
      const { outcome, tookMs } = await referenceOf(story);
      expect(outcome.faults, "without any death").toEqual([]);
      expect(tookMs, "without any death").toBeLessThanOrEqual(story.lastsMs ?? 60_000);
    });

    test.each(useCases)("L3: a worker killed at any port call of %s changes nothing but time", async (useCase) => {
      const findings = await killOnce(story, useCase);
      expect(findings.deaths, "crash points").toBeGreaterThan(0);
      expect(findings.others).toEqual([]);
    });

    test("P2, P4, P6: no death leaves half a command behind, and no task is settled twice", async () => {
      for (const useCase of useCases) expect((await killOnce(story, useCase)).faults).toEqual([]);
    });

    test.each(useCases.filter(isRequest))("P8: %s is answered alike when it is sent again", async (useCase) => {
      const findings = await killOnce(story, useCase);
      expect(findings.lost, "lost answers").toBeGreaterThan(0);
      expect(findings.answers).toEqual([]);
    });

    if (story.once !== true) {
      test("L3: a second death during the recovery costs time as well, and no more", async () => {
        for (const useCase of useCases) {
          const findings = await killTwice(story, useCase);
          totals.secondDeaths += findings.deaths;
          expect([...findings.faults, ...findings.answers, ...findings.others], useCase).toEqual([]);
        }
      });
    }

    test("every port call was a crash point", async () => {
      const { calls } = await referenceOf(story);
      let points = 0;
      for (const useCase of useCases) {
        const findings = await killOnce(story, useCase);
        points += findings.points;
        totals.deaths += findings.deaths;
        lines.push(`${String(findings.points).padStart(5)} crash points: ${useCase} (${story.name})`);
      }
      totals.points += points;
      expect(points).toBe(2 * calls.length);
    });
  });

  test("no crash point has got lost", () => {
    const { points, deaths, secondDeaths } = totals;
    console.info(
      `${lines.join("\n")}\n${points} in all; ${deaths} deaths and ${secondDeaths} second deaths stand for them`,
    );
    expect(points).toBeGreaterThanOrEqual(least.points);
    expect(secondDeaths).toBeGreaterThanOrEqual(least.secondDeaths);
  });
};
