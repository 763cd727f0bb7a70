import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { createApp } from "../../../src/http/app.ts";
import type { Deps } from "../../../src/app/deps.ts";
import { createStore } from "../../../src/store/store.ts";
import { cancelling, coming, leaving } from "./stories-agents.ts";
import { cancelledParent, children, failingChildren } from "./stories-children.ts";
import { again, paused, single, steered } from "./stories-control.ts";
import { deadlines, deliveries, manyDue, poisoned } from "./stories-deadlines.ts";
import { engineCalls, handedCalls, longCalls, mapping, undoing, unheardCalls, ways } from "./stories-flow.ts";
import { claims } from "./stories-claims.ts";
import { keys } from "./stories-keys.ts";
import { schedules } from "./stories-schedules.ts";
import { hooks } from "./stories-webhooks.ts";
import { calls, reports } from "./stories-work.ts";
import { killOnce, referenceOf } from "./survey.ts";

const stories = [
  single,
  again,
  ...[reports, calls, cancelling, leaving, coming, deadlines, deliveries, manyDue, poisoned, schedules, claims],
  keys,
  ...[handedCalls, longCalls, unheardCalls, hooks],
  ...[steered, paused, engineCalls, mapping, ways, undoing, children, failingChildren, cancelledParent],
];

/** Exports of `src/app` with dependencies that wait for no port call that changes anything, each for its reason. */
const NOT_WRITING: Readonly<Record<string, string>> = {
  startSession: "hands on to commitStart",
  pauseSession: "hands on to advanceSession",
  resumeSession: "hands on to advanceSession",
  signalSession: "hands on to advanceSession",
  takeHint: "hands on to tickSession or beginCall",
  wakeSessions: "starts ticks in the background, which are seen by themselves",
  factsOf: "compiles what was loaded",
  readAgent: "reads",
  readAgentState: "reads",
  readAgentHistory: "reads",
  listAgents: "reads",
  readSession: "reads",
  readTask: "reads",
  readSessionLog: "reads",
  loadWithLog: "reads",
  listSessions: "reads",
  countSessions: "reads",
  previewBulk: "reads",
  loadEnded: "reads",
  rerunEnded: "hands on to startSession",
  rerunSession: "hands on to rerunEnded",
  listOpenTasks: "reads",
  listSessionTasks: "reads",
  readDefinition: "reads",
  listDefinitions: "reads",
};

/** Routes that change nothing, whatever their method says. */
const ASKING = ["POST /v1/opscore/workflows/validate", "POST /v1/opscore/workflows/:workflowId/test"];

/** Methods of the store that write. */
const WRITES = [
  "keepBulkKey",
  "commitSession",
  "rearm",
  "postpone",
  "insertReport",
  "recordDelivery",
  "recordBeat",
  "commitAgent",
  "saveDefinition",
  "commitSchedule",
  "deleteSchedule",
  "postponeSchedule",
  "claimReply",
  "completeReply",
  "releaseReply",
  "purgeReplies",
  "commitKey",
  "noteKeyUse",
  "commitWebhook",
  "deleteWebhook",
  "leaseWebhook",
  "feedWebhook",
  "recordSending",
  "restWebhook",
  "queueDelivery",
  "requeueDelivery",
  "purgeDeliveries",
];

const folder = fileURLToPath(new URL("../../../src/app/", import.meta.url));

/** Functions of `src/app` that are given the dependencies. */
const useCases = async (): Promise<readonly string[]> => {
  const found: string[] = [];
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".ts"))) {
    const exports = (await import(`${folder}${file}`)) as Readonly<Record<string, unknown>>;
    for (const [name, value] of Object.entries(exports)) {
      if (typeof value === "function" && /^(async )?\(deps\b/.test(value.toString())) found.push(name);
    }
  }
  return found;
};

describe("the crash points", () => {
  const seen = { frames: new Set<string>(), routes: new Set<string>() };

  beforeAll(async () => {
    for (const story of stories) {
      const { calls: made, routes } = await referenceOf(story);
      for (const call of made) {
        for (const frame of call.acts ? call.frames : []) seen.frames.add(frame);
      }
      for (const route of routes) seen.routes.add(route);
    }
  }, 60_000);

  test("every function of src/app that changes anything has one", async () => {
    const all = await useCases();
    expect(all.length).toBeGreaterThan(20);
    expect(all.filter((name) => !seen.frames.has(name) && !(name in NOT_WRITING))).toEqual([]);
    expect(Object.keys(NOT_WRITING).filter((name) => !all.includes(name) || seen.frames.has(name))).toEqual([]);
  });

  test("every route that changes anything has one", () => {
    const { routes } = createApp({} as Deps, {
      auth: { apiKey: "", setup: "" },
      webhook: { secrets: [], allowUnsigned: false },
      accepting: () => true,
    });
    const changing = routes.filter(({ method }) => !["GET", "HEAD", "ALL"].includes(method));
    const patterns = [...new Set(changing.map(({ method, path }) => `${method} ${path}`))];
    expect(patterns.length).toBeGreaterThan(9);
    expect(patterns.filter((pattern) => !seen.routes.has(pattern))).toEqual(ASKING);
  });

  test("every write of the store has one", () => {
    const methods = Object.keys(createStore({ batch: () => Promise.resolve([]) }));
    expect(WRITES.filter((name) => !methods.includes(name) || !seen.frames.has(name))).toEqual([]);
    expect(methods.filter((name) => seen.frames.has(name) && !WRITES.includes(name))).toEqual([]);
  });

  test.each(stories)("the use cases of $name are named", async (story) => {
    const made = new Set((await referenceOf(story)).calls.map(({ useCase }) => useCase));
    expect(story.useCases.toSorted()).toEqual([...made].toSorted());
  });
});

describe("a broken engine is found out", () => {
  test("a commit in two batches", async () => {
    const { faults } = await killOnce(reports, "report: completes, by id", "split commit");
    expect(faults.join("\n")).toMatch(/P[24]:/);
  });

  test("an audit row in a batch of its own", async () => {
    const { faults } = await killOnce(paused, "pause", "audit apart");
    expect(faults.join("\n")).toMatch(/P2: .* has no audit row/);
  });

  test("an answer before the commit", async () => {
    const { others } = await killOnce(reports, "report: completes, by id", "early answer");
    expect(others).not.toEqual([]);
  });
});
