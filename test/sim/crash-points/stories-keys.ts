import { keyed, type Story } from "./story.ts";

const KEYS = "/v1/opscore/keys";

/** Keys made, used to make another, rotated and revoked. Repeated without a key of its own, a request makes one more. */
export const keys: Story = {
  name: "keys",
  useCases: ["make a key", "make a key with a key", "rotate a key", "revoke a key"],
  play: async (people) => {
    const revoke = (keyId: string) =>
      people.say("revoke a key", "POST", `${KEYS}/${keyId}/revoke`, { reason: "done" }, keyed("one"));
    const rotate = (keyId: string) =>
      people.say("rotate a key", "POST", `${KEYS}/${keyId}/rotate`, {}, { ...keyed("one"), next: () => revoke(keyId) });
    const withKey = (key: string) =>
      people.say(
        "make a key with a key",
        "POST",
        KEYS,
        { name: "reader", role: "viewer" },
        {
          headers: { Authorization: `Bearer ${key}`, "Idempotency-Key": "one" },
          next: ({ keyId }) => rotate(String(keyId)),
        },
      );
    await people.say(
      "make a key",
      "POST",
      KEYS,
      { name: "maker", role: "admin" },
      {
        next: ({ key }) => withKey(String(key)),
      },
    );
  },
};
