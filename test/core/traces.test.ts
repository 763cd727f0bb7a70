import { describe, expect, onTestFinished, test } from "vitest";
import { chainHash } from "../../src/app/log-row.ts";
import { AGENT_EVENTS } from "../../src/core/agent/events.ts";
import { readJson } from "../../src/core/read-json.ts";
import { EVENT_VERSION, SESSION_EVENTS } from "../../src/core/session/events.ts";
import { createRebuildStore } from "../../src/store/rebuild-store.ts";
import { graphRun, rerunRun } from "../support/graph-run.ts";
import { mixedAgents, mixedRun } from "../support/mixed-run.ts";
import { nodePlatform } from "../support/node-platform.ts";
import { foldRows, readTraces, writeTrace } from "../support/trace.ts";
import { createWorld } from "../support/world.ts";

/**
 * Golden logs: what was recorded once folds to the same for ever. A trace is never changed; a new one is added with
 * `npm run trace`.
 */
const traces = readTraces();

/** The log of the mixed run as this code writes it. */
const record = async () => {
  const agents = mixedAgents();
  const world = await createWorld(nodePlatform, { call: agents.call });
  onTestFinished(() => world.close());
  await mixedRun(world, agents);
  return createRebuildStore(world.sql).readLogAfter(0, 1_000_000);
};

describe("recorded logs", () => {
  test.each(traces)("P4: %s folds to what it always has", async (_name, { rows, folded }) => {
    expect(await foldRows(rows)).toEqual(folded);
  });

  test("every type of event is in one of them", () => {
    const rows = traces.flatMap(([, trace]) => trace.rows);
    const seen = rows.flatMap(({ events }) => (readJson(events) as { type: string }[]).map(({ type }) => type));
    const missing = [...SESSION_EVENTS, ...AGENT_EVENTS].filter((type) => !seen.includes(type));
    expect(missing, "record a log with it: npm run trace -- NAME").toEqual([]);
  });

  test("every version of the log is in one of them", () => {
    const versions = new Set(traces.flatMap(([, { rows }]) => rows.map(({ v }) => v)));
    expect([...versions].toSorted((a, b) => a - b)).toEqual(Array.from({ length: EVENT_VERSION }, (_, i) => i + 1));
  });

  test("one that was changed is found out", async () => {
    for (const [name, { rows }] of traces) {
      const [first, ...others] = rows;
      await expect(foldRows([{ ...first!, at: first!.at + 1 }, ...others]), name).rejects.toThrow("hash");
      // The last row of each kind of stream, and one more that is wrong in one way only.
      const ends = ["ses_", "agent:"].flatMap((kind) => rows.findLast(({ stream }) => stream.startsWith(kind)) ?? []);
      expect(ends, name).not.toEqual([]);
      for (const end of ends) {
        const newer = { ...end, seq: end.seq + 1, v: EVENT_VERSION + 1 };
        await expect(foldRows([...rows, newer]), `${name} ${end.stream}`).rejects.toThrow("is of version");
        const { stream, seq, hash } = end;
        const gap = { ...end, seq: seq + 2 };
        const row = { ...gap, hash: await chainHash(hash, gap) };
        await expect(foldRows([...rows, row]), `${name} ${stream}`).rejects.toThrow(
          `row ${seq + 2} follows row ${seq}`,
        );
      }
    }
  });

  test("no name is used twice", async () => {
    const [name, trace] = traces[0]!;
    await expect(writeTrace(name.replace(".json", ""), "another", trace.rows)).rejects.toThrow("never changed");
    await expect(writeTrace("../x", "elsewhere", trace.rows)).rejects.toThrow("no name");
    await expect(writeTrace("empty", "nothing", [])).rejects.toThrow("nothing to record");
  });

  const wanted = process.env["OPSCORE_TRACE"];
  if (wanted !== undefined) {
    test("the mixed run is recorded", async () => {
      expect(await writeTrace(wanted, "The mixed run of test/support/mixed-run.ts.", await record())).toContain(wanted);
    });
    test("the graph run is recorded", async () => {
      expect(await writeTrace(wanted, "The graph run of test/support/graph-run.ts.", await graphRun())).toContain(
        wanted,
      );
    });
    test("the rerun run is recorded", async () => {
      expect(await writeTrace(wanted, "The rerun run of test/support/graph-run.ts.", await rerunRun())).toContain(
        wanted,
      );
    });
  }
});
