import { test } from "vitest";
import { actor, agent, endDispatch, given, SEED, start, T0 } from "../../support/given.ts";

const able = (id: string) => agent(id, { capabilities: ["c"] });
const either = { tasks: [{ taskId: "one", agentCapability: "c" }], agents: [able("a"), able("b")] };
const paused = given(either)
  .when(start())
  .and.when({ type: "PauseSession", reason: null, actor, now: T0, seed: SEED }).and;

test("what an agent refuses while the session is paused goes to no other before it is resumed", () => {
  const refused = paused.when(endDispatch("refused", 1));
  refused.then({ type: "AttemptEnded", outcome: "refused", agentId: "a", retryAt: null });
  refused.and
    .when({ type: "ResumeSession", actor, now: T0 + 1, seed: SEED })
    .then({ type: "SessionResumed" }, { type: "DispatchRequested", attempt: 2 });
});
