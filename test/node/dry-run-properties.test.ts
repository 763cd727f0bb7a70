import fc from "fast-check";
import { expect, test } from "vitest";
import type { MockBody, MocksBody } from "../../src/contract/dry-run.ts";
import { mocksFaults, mocksOf } from "../../src/app/dry-run/mocks.ts";
import { dryRun, type DryRun } from "../../src/app/dry-run/run.ts";
import { parseDefinition } from "../../src/app/check-definition.ts";
import { compile, type GraphTask } from "../../src/core/workflow/graph.ts";
import type { AuthoredDefinition } from "../../src/core/workflow/normalise.ts";
import { createRandom, type Random } from "../sim/random.ts";
import { drawGraph } from "../support/draw-graph.ts";
import { violationsOf } from "../support/legal-execution.ts";

const START = Date.UTC(2026, 10, 18, 12);
const AFTER = ["0s", "0s", "1s", "40s", "3m", "20m"];

const drawDefinition = (draw: Random): AuthoredDefinition =>
  drawGraph(
    draw,
    () => ({
      ...(draw.chance(0.5) ? { agentId: draw.pick(["a", "b"]) } : { agentCapability: "x" }),
      retry: { maxAttempts: 1 + draw.int(3), initialInterval: "1s", nonRetryableErrors: ["FINAL"] },
      timeout: { run: draw.pick(["1m", "10m"]), ...(draw.chance(0.3) ? { heartbeat: "30s" } : {}) },
    }),
    {
      id: "w",
      mains: 1 + draw.int(8),
      until: ["2026-11-18T12:01:30Z", "2026-11-18T11:59:59Z", "${input.when}", "${input.yes}"],
      timeouts: ["1m", "10m", "2h"],
      outside: {
        children: ["child"],
        signals: ["go", "stop"],
        urls: ["https://api.test/${session.id}"],
        tools: ["add"],
        patience: ["1m", "30m"],
        lists: [[], [1, 2, 3], "${input.list}"],
      },
    },
  );

const drawMock = (draw: Random, type: GraphTask["type"]): MockBody => {
  const after = draw.pick(AFTER);
  switch (type) {
    case "signal":
      return draw.chance(0.2) ? { never: true } : { signal: { n: draw.int(9) }, after };
    case "approval":
      return draw.pick<MockBody>([{ never: true }, { approve: { by: "ann" }, after }, { reject: true, after }]);
    case "agent":
      if (draw.chance(0.04)) return { refused: true };
      break;
    default:
  }
  if (draw.chance(0.1)) return { noAnswer: true };
  if (draw.chance(0.6)) return { ...(draw.chance(0.7) ? { output: draw.pick([1, [1, 2], { a: null }, null]) } : {}), after }; // prettier-ignore
  const hint = type === "workflow" ? {} : { ...(draw.chance(0.2) ? { retryAfterMs: 5_000 } : {}), ...(draw.chance(0.2) ? { retryable: false } : {}) }; // prettier-ignore
  return { error: { code: draw.pick(["E", "FINAL"]), message: "m", ...hint }, after };
};

const drawMocks = (draw: Random, tasks: ReadonlyMap<string, GraphTask>): Record<string, MocksBody> => {
  const mocks: Record<string, MocksBody> = {};
  for (const [taskId, task] of tasks) {
    if (task.type === "wait" || draw.chance(0.2)) continue;
    const type = task.type === "map" ? task.item.type : task.type;
    const some = () => Array.from({ length: 1 + draw.int(3) }, () => (draw.chance(0.1) ? null : drawMock(draw, type)));
    if (draw.chance(0.4)) mocks[taskId] = drawMock(draw, type);
    else if (task.type === "map") mocks[taskId] = [some(), ...some()];
    else mocks[taskId] = some();
  }
  return mocks;
};

interface Drawn {
  readonly document: AuthoredDefinition;
  readonly run: () => DryRun;
}

const drawn: fc.Arbitrary<Drawn> = fc.noBias(fc.nat()).map((seed) => {
  const draw = createRandom(String(seed));
  const document = drawDefinition(draw);
  const parsed = parseDefinition(document);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  const graph = compile(parsed.definition);
  const mocks = drawMocks(draw, graph.tasks);
  expect(mocksFaults(mocks, graph)).toEqual([]);
  const definition = { workflowId: "w", revision: 0, hash: "" };
  const input = { yes: draw.chance(0.5), pause: "7s", when: "2026-11-18T12:30:00Z", list: [1, "two"] };
  const options = { graph, definition, home: null, input, mocks: mocksOf(mocks), startAt: START, seed: "00ff" };
  return { document, run: () => dryRun(options) };
});

test("whatever the definition and the mocks, the log is a legal execution, and the same each time", () => {
  const seen: Record<string, number> = {};
  const count = (what: string): void => void (seen[what] = (seen[what] ?? 0) + 1);
  fc.assert(
    fc.property(drawn, ({ document, run }) => {
      const first = run();
      expect(violationsOf(document, first.rows)).toEqual([]);
      expect(first.rows.map(({ seq }) => seq)).toEqual(first.rows.map((_, at) => at + 1));
      expect(first.rows.map(({ at }) => at)).toEqual(first.rows.map(({ at }) => at).toSorted((a, b) => a - b));
      expect(first.stopped === null).toBe(first.state.status !== "open");
      expect(JSON.stringify(run().rows)).toBe(JSON.stringify(first.rows));
      count(first.stopped?.code ?? first.state.status);
      for (const { events } of first.rows) for (const { type } of events) count(type);
    }),
    { numRuns: 600 },
  );
  // Nothing of this is drawn in vain.
  for (const what of ["completed", "failed", "waiting", "limit_steps", "SignalReceived", "TaskAwaited", "CallFailed", "ChildRequested", "FallbackEnded", "CompensationStarted", "ChoiceMade", "TaskSkipped", "LateResultRecorded", "TaskSlept"]) expect(seen[what] ?? 0, what).toBeGreaterThan(2); // prettier-ignore
}, 60_000);
