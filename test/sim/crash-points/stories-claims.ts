import { keyed, sessions, type Story } from "./story.ts";

const SCHEDULES = "/v1/opscore/schedules";

type Body = Record<string, unknown>;

/**
 * Changes under Idempotency-Keys that are claimed before they are made: whoever dies in between leaves a claim, and the
 * repeat finds out whether it was done. One is refused, and its key used again. A key that has expired is forgotten.
 */
export const claims: Story = {
  name: "under a claim",
  useCases: [
    "save a definition",
    "make a schedule",
    "pause: refused",
    "pause",
    "resume",
    "trigger",
    "cancel",
    "a sweep that finds nothing",
  ],
  play: async (people, world) => {
    const post = (useCase: string, path: string, body: Body, next?: (answer: Body) => Promise<void>, expect?: number) =>
      people.say(useCase, "POST", path, body, {
        ...keyed("one"),
        ...(next === undefined ? {} : { next }),
        ...(expect === undefined ? {} : { expect }),
      });
    const cancel = ({ sessionId }: Body) => post("cancel", `${sessions}/${String(sessionId)}/cancel`, { reason: "no" });
    const trigger = () =>
      people.say(
        "trigger",
        "POST",
        `${SCHEDULES}/rare/trigger`,
        {},
        { ...keyed("one"), next: cancel, afterMs: 20_000 },
      );
    const resume = () => post("resume", `${SCHEDULES}/rare/resume`, {}, trigger);
    const pause = () => post("pause", `${SCHEDULES}/rare/pause`, {}, resume);
    const make = () =>
      post("make a schedule", SCHEDULES, { scheduleId: "rare", workflowDefinitionId: "ask", cron: "0 0 1 1 *" }, pause);
    const refused = () => post("pause: refused", `${SCHEDULES}/rare/pause`, {}, make, 404);
    const ask = { id: "ask", name: "Ask", tasks: [{ taskId: "yes", type: "approval" }] };
    await world.poison(`INSERT INTO replies (key, body_hash, nonce, since, until, created_at, status, body)
      VALUES ('old', 'b', 'n', 0, 0, 0, 200, '{}')`);
    await post("save a definition", "/v1/opscore/workflows", ask, refused);
  },
};
