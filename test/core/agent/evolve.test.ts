import { describe, expect, test } from "vitest";
import type { AgentEvent } from "../../../src/core/agent/events.ts";
import { AGENT_EVENTS } from "../../../src/core/agent/events.ts";
import { evolveAgent, inPlaceOf, newAgent } from "../../../src/core/agent/evolve.ts";
import { agent } from "../../support/given.ts";

const registered = (patch: object = {}): AgentEvent => ({
  type: "AgentRegistered",
  agentId: "a",
  replaces: null,
  name: "A",
  version: "2",
  capabilities: ["x", "y"],
  contactEndpoint: "http://a.test",
  metadata: { config: { maxConcurrentTasks: 3 } },
  signedAt: 7,
  ...patch,
});

const fold = (...events: readonly AgentEvent[]) =>
  events.reduce<ReturnType<typeof newAgent> | null>((known, event, at) => evolveAgent(known, event, "a", at + 1), null);

describe("an agent's registration is the fold of its stream", () => {
  test("adopted before its registration it has no capabilities and one task at a time", () => {
    expect(fold({ type: "AgentAdopted", agentId: "a" })).toEqual(newAgent("a", 1));
    expect(fold({ type: "AgentAdopted", agentId: "a" }, { type: "AgentAdopted", agentId: "a" })?.registeredAt).toBe(1);
  });

  test("its registration completes the same row", () => {
    const {
      type: _type,
      agentId: _agentId,
      replaces: _replaces,
      ...said
    } = registered() as never as Record<string, unknown>;
    expect(fold({ type: "AgentAdopted", agentId: "a" }, registered())).toEqual({
      ...newAgent("a", 1),
      ...said,
      admission: "registered",
      capacity: 3,
      contactAt: 2,
    });
  });

  test("what it works on and what was learned of it stay", () => {
    const known = agent("a", { settled: ["t"], missedAt: 5, reachedByAgentKit: true, aliases: ["old"] });
    const { settled, missedAt, reachedByAgentKit, aliases } = evolveAgent(known, registered(), "a", 9);
    expect({ settled, missedAt, reachedByAgentKit, aliases }).toEqual({
      settled: ["t"],
      missedAt: 5,
      reachedByAgentKit: true,
      aliases: ["old"],
    });
  });

  test("out of service it keeps what it was registered with; back again it is registered anew", () => {
    const gone = fold(registered(), { type: "AgentDeregistered", agentId: "a", signedAt: 8 });
    expect(gone).toMatchObject({ admission: "deregistered", signedAt: 8, name: "A", registeredAt: 1 });
    expect(evolveAgent(gone, registered(), "a", 3)).toMatchObject({ admission: "registered", registeredAt: 3 });
    expect(fold({ type: "AgentDeregistered", agentId: "a", signedAt: 8 })).toMatchObject({
      admission: "deregistered",
      registeredAt: 1,
    });
  });

  test("replaced by a newer id it points there, until it is registered again", () => {
    const replaced = fold(registered(), { type: "AgentSuperseded", agentId: "a", by: "b" });
    expect(replaced).toMatchObject({ admission: "superseded", supersededBy: "b" });
    expect(evolveAgent(replaced, registered(), "a", 3)).toMatchObject({ admission: "registered", supersededBy: null });
  });

  test("in the stream of the newer id that event tells of the older one", () => {
    const known = agent("b");
    expect(evolveAgent(known, { type: "AgentSuperseded", agentId: "a", by: "b" }, "b", 3)).toBe(known);
  });

  test("every type of event has its place in the list", () => {
    expect([...AGENT_EVENTS]).toEqual(["AgentAdopted", "AgentRegistered", "AgentDeregistered", "AgentSuperseded"]);
  });
});

test("in place of an older id it takes up that one's older ids too, each once and never itself", () => {
  const heir = inPlaceOf(agent("new", { aliases: ["one"] }), agent("old", { aliases: ["one", "two", "new"] }));
  expect(heir.aliases).toEqual(["one", "two", "old"]);
});
