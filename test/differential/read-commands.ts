import { formatRfc3339 } from "../../src/contract/timestamp.ts";
import type { Random } from "../sim/random.ts";
import { someAgentId } from "./agent-commands.ts";
import type { RequestCommand } from "./command.ts";
import { recent, request, type Known } from "./known.ts";
import { text } from "./values.ts";
import { someSessionId } from "./work-commands.ts";

const AGENTS = "/v1/opscore/agents";
const AUDIT = "/v1/opscore/audit";
const KEYS = "/v1/opscore/keys";
const SCHEDULES = "/v1/opscore/schedules";
const SESSIONS = "/v1/opscore/sessions";
const TASKS = "/v1/opscore/tasks";
const WORKFLOWS = "/v1/opscore/workflows";

/** Places in lists that nobody was given: at the edges of what integers and ids may be, and beyond. */
const forged: Readonly<Record<string, readonly string[]>> = {
  [`GET ${AGENTS}`]: ["999999999999999.zz", "0.a", "1795334400000.a", "1795334400000.A", "1795334400000.~", "1.'"],
  [`GET ${AGENTS}/:agentId/history`]: [
    "9007199254740991.999999999999999.ff", "9007199254740993.1.0", "9999999999999999.0.f", "-9999999999999999.0.0",
    "-0.0.0", "1795334400000000.1795334400000.8", "1e3.1.0",
  ],
  [`GET ${AUDIT}`]: ["1", "2", "999999999999999", "0", "01"],
  [`GET ${SCHEDULES}`]: ["999999999999999.zz", "0.s", "1795334400000.s", "1795334400000.S", "1795334400000.~", "1.'"],
  [`GET ${KEYS}`]: [`key_${"Z".repeat(28)}`, `key_${"0".repeat(28)}`, `key_${"z".repeat(28)}`],
  [`GET ${SESSIONS}`]: [`ses_${"Z".repeat(28)}`, `ses_${"0".repeat(28)}`, `ses_${"z".repeat(28)}`],
  [`GET ${SESSIONS}/counts`]: [`ses_${"Z".repeat(28)}`],
  [`GET ${TASKS}`]: [`ses_${"Z".repeat(28)}.1`, `ses_${"0".repeat(28)}.999999`],
  [`GET ${SESSIONS}/:sessionId/log`]: ["0", "1", "999999999", "00000001", "-1", "1.0"],
  [`GET ${WORKFLOWS}`]: ["999999999999999.zz", "0.w", "1795334400000.w", "1795334400000.1", "1795334400000.~"],
}; // prettier-ignore

const base64Url = (text: string): string => btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

const pageOf = (known: Known, route: string): string => {
  const { random } = known;
  const parts: string[] = [];
  if (random.chance(0.7)) parts.push(`limit=${random.pick(["1", "1", "2", "3", "200", "0", "201", "01"])}`);
  const given = recent(random, known.cursors.get(route) ?? []);
  if (given !== undefined && random.chance(0.6)) parts.push(`cursor=${given}`);
  else if (random.chance(0.2)) parts.push(`cursor=${base64Url(random.pick(forged[route] ?? [""]))}`);
  if (random.chance(0.02)) parts.push("order=asc");
  return parts.join("&");
};

/** Filters of sessions and tasks, by parameter. */
const filters: Readonly<Record<string, (known: Known) => string>> = {
  status: ({ random }) =>
    random.pick(["open", "ended", "running", "waiting,started", "retrying", "completed,failed", "cancelled", "asleep"]),
  waitingFor: ({ random }) => random.pick(["agent", "retry", "no_agent", "no_free_agent", text(random)]),
  workflowId: ({ random, cast }) => random.pick(cast.workflowIds),
  agentId: someAgentId,
  sessionId: someSessionId,
  errorCode: ({ random }) => random.pick(["run_deadline", "boom", "cancelled", text(random)]),
  startedAfter: (known) => someTime(known),
  startedBefore: (known) => someTime(known),
  endedAfter: (known) => someTime(known),
  endedBefore: (known) => someTime(known),
  since: (known) => someTime(known),
  until: (known) => someTime(known),
  action: ({ random }) => random.pick(["putAgent", "cancelSession", "pauseSession", "createKey", "noSuchThing"]),
  actor: ({ random }) => random.pick(["root", "nobody", text(random)]),
  target: (known) => (known.random.chance(0.5) ? someAgentId(known) : someSessionId(known)),
  targetKind: ({ random }) => random.pick(["agent", "session", "workflow", "schedule", "key", "pigeon"]),
  text: ({ random, sessions }) =>
    random.pick([text(random), "W", "é", "cancel", "ses_0", (recent(random, sessions) ?? "ses_").slice(0, 14)]),
};

const someTime = (known: Known): string =>
  known.random.pick([
    formatRfc3339(known.now() - known.random.int(600_000)),
    "1970-01-01T00:00:00Z",
    "0001-01-01T00:00:00Z",
  ]);

const OF_AUDIT = ["since", "until", "action", "actor", "target", "targetKind"];

const filterOf = (known: Known, route: string): string => {
  const { random } = known;
  const own = route.startsWith(`GET ${TASKS}`)
    ? ["status", "workflowId", "agentId", "sessionId"]
    : route === `GET ${AUDIT}`
      ? OF_AUDIT
      : Object.keys(filters).filter((name) => name !== "sessionId" && !OF_AUDIT.includes(name));
  const names = random.chance(0.4) ? [] : [random.pick(own), ...(random.chance(0.3) ? [random.pick(own)] : [])];
  return names
    .map((name) => `&${name}=${encodeURIComponent((filters[name]?.(known) ?? "").replace(/\p{Cs}/gu, "?"))}`)
    .join("");
};

const filtered = [`GET ${AUDIT}`, `GET ${SESSIONS}`, `GET ${SESSIONS}/counts`, `GET ${TASKS}`];

const lists = Object.keys(forged);

/** A page of a list. */
export const list = (known: Known): RequestCommand => {
  const route = known.random.pick(lists);
  const params = { agentId: someAgentId(known), sessionId: someSessionId(known) };
  const page = route.endsWith("/counts") ? "" : pageOf(known, route);
  return request(route, { params, query: `${page}${filtered.includes(route) ? filterOf(known, route) : ""}` });
};

const SCHEDULE = `GET ${SCHEDULES}/:scheduleId`;

const singles: readonly string[] = [
  `GET ${AGENTS}/:agentId`,
  "GET /v1/opscore/agent/:agentId/state",
  `GET ${SESSIONS}/:sessionId`,
  `GET ${SESSIONS}/:sessionId`,
  `GET ${WORKFLOWS}/:workflowId`,
  SCHEDULE,
];

/** One thing by its id. */
export const read = (known: Known): RequestCommand => {
  const { random, cast } = known;
  // Few scripts have schedules at all.
  const route = random.pick(known.schedules.length === 0 ? singles : [...singles, SCHEDULE, SCHEDULE]);
  const workflowId = random.chance(0.95) ? random.pick(cast.workflowIds) : random.pick(["none", "%27", "W%00"]);
  const scheduleId = random.pick(
    known.schedules.length > 0 && random.chance(0.7) ? known.schedules : ["s", "S", "1", "none"],
  );
  const params = { agentId: someAgentId(known), sessionId: someSessionId(known), workflowId, scheduleId };
  const isDefinition = route.endsWith("workflowId");
  const query =
    isDefinition && random.chance(0.4) ? `revision=${random.pick(["1", "2", "3", "01", "999999999", "1.0"])}` : "";
  return request(route, { params, query });
};

const probes = (random: Random): RequestCommand =>
  request(
    random.pick([
      "GET /health",
      "GET /ready",
      "GET /schemas/workflow.json",
      "GET /openapi.json",
      "GET /docs",
      "GET /llms.txt",
    ]),
  );

/** What the app takes no notice of or refuses before anybody looks at it. */
export const stray = (known: Known): RequestCommand => {
  const { random } = known;
  if (random.chance(0.5)) return probes(random);
  const agentId = someAgentId(known);
  return random.pick([
    request(`DELETE ${AGENTS}/:agentId`, { params: { agentId } }),
    request(`OPTIONS ${SESSIONS}`),
    request(`HEAD ${AGENTS}/:agentId`, { params: { agentId } }),
    request("GET /v1/opscore/nothing"),
    request("GET /"),
    request(`GET ${AGENTS}`, { headers: { Authorization: "Bearer no-key-of-ours" } }),
    request(`GET ${AGENTS}`, { headers: { Authorization: "Basic eA==" } }),
    request(`POST ${SESSIONS}`, { body: "{}", headers: { "Content-Type": "text/plain" } }),
    request(`POST ${SESSIONS}`, { body: "{}", headers: { "Content-Encoding": "gzip" } }),
  ]);
};
