import { madeOf, type Story } from "./story.ts";

const SCHEDULES = "/v1/opscore/schedules";
const MINUTE = 60_000;

const plain = { workflowDefinitionId: "flow", overlap: "allow" };

/**
 * Schedules made, edited, paused, triggered, fired and deleted; one cannot be fired for a while. What people do is
 * done in the first seconds; the times are so far apart that two deaths cannot swap them.
 */
export const schedules: Story = {
  name: "schedules",
  lastsMs: 15 * MINUTE,
  useCases: [
    "PUT of a new agent",
    "save a definition",
    "make a schedule",
    "make a schedule without an id",
    "PUT of a new schedule",
    "PUT of a known schedule",
    "pause",
    "resume",
    "trigger",
    "delete a schedule",
    "complete",
    "a sweep",
    "a sweep that finds nothing",
  ],
  play: async (people, world) => {
    people.agent("sal", (task) => ({
      later: [[20_000, () => people.settle("complete", "complete", task.attemptId, { output: madeOf(task) })]],
    }));
    const key = (name: string) => ({ headers: { "Idempotency-Key": name } });
    const remove = () => people.say("delete a schedule", "DELETE", `${SCHEDULES}/nightly`, "");
    const trigger = () =>
      people.say(
        "trigger",
        "POST",
        `${SCHEDULES}/nightly/trigger`,
        {},
        { ...key("t"), next: remove, afterMs: 13 * MINUTE },
      );
    const sick = (next: () => Promise<void>) =>
      people.say("PUT of a new schedule", "PUT", `${SCHEDULES}/sick`, { ...plain, cron: "9 8 * * *" }, { next });
    const edit = () =>
      people.say(
        "PUT of a known schedule",
        "PUT",
        `${SCHEDULES}/nightly`,
        { ...plain, cron: "1 8 * * *", initialPayload: { edited: true } },
        { next: () => sick(trigger) },
      );
    const resume = () => people.say("resume", "POST", `${SCHEDULES}/nightly/resume`, {}, { next: edit });
    const pause = () => people.say("pause", "POST", `${SCHEDULES}/nightly/pause`, {}, { next: resume });
    const other = () =>
      people.say(
        "make a schedule without an id",
        "POST",
        SCHEDULES,
        { ...plain, cron: "5 8 * * *", overlap: "skip" },
        { ...key("s"), next: pause },
      );
    const make = () =>
      people.say(
        "make a schedule",
        "POST",
        SCHEDULES,
        { ...plain, scheduleId: "nightly", cron: "2 8 * * *" },
        { next: other },
      );
    const flow = { id: "flow", name: "Flow", tasks: [{ taskId: "only", agentId: "sal" }] };
    const save = () => people.say("save a definition", "POST", "/v1/opscore/workflows", flow, { next: make });
    // Nobody can read such an expression: the tick fails by a fault of ours.
    const poison = "UPDATE schedules SET spec = json_set(spec, '$.cron', 'x' || (spec ->> '$.cron')) WHERE id = 'sick'";
    const heal = "UPDATE schedules SET spec = json_set(spec, '$.cron', substr(spec ->> '$.cron', 2)) WHERE id = 'sick'";
    world.time.after(500_000, () => world.poison(poison));
    world.time.after(560_000, () => world.poison(heal));
    await people.put("PUT of a new agent", "sal", [], { capacity: 10, next: save });
  },
};
