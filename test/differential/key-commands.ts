import type { RequestCommand } from "./command.ts";
import { recent, request, type Known } from "./known.ts";
import { text, toJson } from "./values.ts";

const KEYS = "/v1/opscore/keys";

const scopes: readonly string[] = [
  ...["sessions:read", "sessions:*", "agents:*", "keys:read", "keys:*", "tasks:write", "tasks:write:a"],
  ...["state:write:A", "agents:write:007", "sessions:read:a", "everything"],
];

const body = ({ random }: Known): string =>
  toJson({
    name: text(random).slice(0, 64) || "n",
    ...(random.chance(0.5) ? { role: random.pick(["viewer", "operator", "admin", "admin", "root"]) } : {}),
    ...(random.chance(0.6) ? { scopes: [random.pick(scopes), random.pick(scopes)] } : {}),
    ...(random.chance(0.4) ? { expiresIn: random.pick(["1h", "1d", "365d", null, "0s"]) } : {}),
  });

/** Something done with an API key, or by it: what was asked before, or another key. */
export const apiKey = (known: Known): RequestCommand => {
  const { random } = known;
  const [keyId, key] = recent(random, known.keys) ?? [`key_${"0".repeat(28)}`, "opsk_test_0_0"];
  const params = { keyId: random.chance(0.95) ? keyId : random.pick(["none", "%27", keyId.toLowerCase()]) };
  const route = `POST ${KEYS}`;
  const drawn = known.keys.length === 0 ? 0 : random.int(12);
  if (drawn < 3) return request(route, { body: body(known) });
  if (drawn < 4) return request(`GET ${KEYS}/:keyId`, { params });
  if (drawn < 5) return request(`POST ${KEYS}/:keyId/revoke`, { params, body: toJson({ reason: text(random) }) });
  if (drawn < 7) {
    const overlap = random.pick(["0s", "10s", "7d", null]);
    return request(`POST ${KEYS}/:keyId/rotate`, {
      params,
      ...(overlap === null ? {} : { body: toJson({ overlap }) }),
    });
  }
  const asked = drawn < 9 ? request(route, { body: body(known) }) : recent(random, [...known.asked.values()].flat());
  const Authorization = `Bearer ${random.chance(0.9) ? key : `${key.slice(0, -1)}-`}`;
  const again = asked ?? request(`GET ${KEYS}`);
  return { ...again, headers: { ...again.headers, Authorization } };
};
