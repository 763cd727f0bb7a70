import { keyed, madeOf, type Story } from "./story.ts";

const WEBHOOKS = "/v1/opscore/webhooks";

type Body = Record<string, unknown>;

/** A subscription is made, changed and ended; in between a task comes and goes, and its endpoint hears of it. */
export const hooks: Story = {
  name: "webhooks",
  lastsMs: 5 * 60_000,
  useCases: [
    "PUT of a new agent",
    "subscribe",
    "rotate",
    "change",
    "disable",
    "enable",
    "test event",
    "enqueue",
    "complete",
    "deliver again",
    "end it",
    "a sweep",
  ],
  play: async (people, world) => {
    let webhookId = "";
    const on = (verb: string): string => `${WEBHOOKS}/${webhookId}${verb}`;
    const post = (useCase: string, verb: string, next: (body: Body) => Promise<void>, afterMs = 100) =>
      people.say(useCase, "POST", on(verb), {}, { ...keyed("one"), next, afterMs });
    people.agent("wil", (task) => ({
      later: [[2_000, () => people.settle("complete", "complete", task.attemptId, { output: madeOf(task) })]],
    }));
    const end = () => people.say("end it", "DELETE", on(""), "");
    const again = ({ deliveryId }: Body) =>
      post("deliver again", `/deliveries/${String(deliveryId)}/redeliver`, end, 120_000);
    const ping = () => post("test event", "/test", again, 60_000);
    const enqueue = () =>
      people.say("enqueue", "POST", "/v1/opscore/tasks", { agentId: "wil" }, { ...keyed("one"), next: ping });
    const enable = () => post("enable", "/enable", enqueue);
    const disable = () => post("disable", "/disable", enable);
    const change = () =>
      people.say("change", "PUT", on(""), { url: "http://hook.sim/b", events: ["task.*"] }, { next: disable });
    const rotate = () => post("rotate", "/rotate", change);
    const subscribe = () =>
      people.say(
        "subscribe",
        "POST",
        WEBHOOKS,
        { url: "http://hook.sim/a" },
        {
          ...keyed("one"),
          next: (body) => {
            webhookId = String(body["webhookId"]);
            return rotate();
          },
        },
      );
    await world.poison(`INSERT INTO webhook_deliveries (id, webhook_id, event, payload, status, attempts, expires_at,
      created_at) VALUES ('msg_old', 'whk_old', 'webhook.ping', '{}', 'failed', 1, 0, 0)`);
    await people.put("PUT of a new agent", "wil", [], { next: subscribe });
  },
};
