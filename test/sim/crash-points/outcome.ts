import { auditRowsOf } from "./audit-chain.ts";
import { auditNow, stillOpen } from "./audit.ts";
import type { CrashDatabase } from "./database.ts";
import type { Said } from "./people.ts";
import { API_KEY, type CrashWorld } from "./world.ts";

type Json = Record<string, unknown>;

/** What a world came to, without times, drawn ids and the numbers of attempts: the same with and without crashes. */
export interface Outcome {
  readonly sessions: readonly Json[];
  readonly agents: readonly Json[];
  /** Agent → its reports, newest first. */
  readonly reports: Readonly<Record<string, readonly Json[]>>;
  readonly definitions: readonly Json[];
  readonly schedules: readonly Json[];
  readonly audit: readonly Json[];
  /** The answers that the senders got in the end. */
  readonly answers: readonly string[];
  /** What must be empty: rows that do not fit together, now or when a worker died, things still open, bugs. */
  readonly faults: readonly string[];
}

const pick = (from: Json, ...keys: readonly string[]): Json => Object.fromEntries(keys.map((key) => [key, from[key]]));

/** Endings that are the agent's word; how often a delivery was tried may differ. */
const SETTLED = new Set(["completed", "failed", "rejected", "agent_error"]);

const taskOf = (task: Json): Json => ({
  ...pick(task, "taskId", "status", "parameters", "output", "error", "lateResults"),
  settled: (task["attempts"] as Json[]).map((attempt) => attempt["status"]).filter((how) => SETTLED.has(String(how))),
});

/** What differs from world to world by its nature. */
const DRAWN: readonly (readonly [RegExp, string])[] = [
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)/g, "…"],
  [/(tsk_#\d+\.\d+):\d+/g, "$1"],
  [/("attempt\\*":)\d+/g, "$10"],
  [/req_[0-9a-f]+/g, "req"],
  [/sch_[0-9A-Z]{28}/g, "sch"],
  [/key_[0-9A-Z]{28}/g, "key"],
  // Shown once: whoever gets the answer of another says so.
  [/(\\+"key\\+":)(?:null|\\+"opsk_\w+\\+")/g, "$1once"],
  [/whk_[0-9A-Z]{28}/g, "whk"],
  [/msg_[0-9A-Z]{28}[0-9a-z.-]*/g, "msg"],
  // The answer that a repeat gets shows no secret.
  [/("secret\\*":)(?:\\*"whsec_[^"\\]*\\*"|null)/g, "$1null"],
  // An answer that shows a session, or an agent, shows it as it is by then.
  [/(\\+"status\\+":\\+")(?:started|waiting|running)(?=\\+")/g, "$1open"],
  [/,\\+"available\\+":.*?(,\\+"capacity\\+":\d+),\\+"tasks\\+":\[.*?\](?=\})/g, "$1"],
];

/** Reads what became, as a client does, over a worker that nobody kills. */
export const outcomeOf = async (
  world: CrashWorld,
  database: CrashDatabase,
  said: readonly Said[],
): Promise<Outcome> => {
  const read = async (path: string): Promise<Json> => {
    const headers = { Authorization: `Bearer ${API_KEY}` };
    const reply = await world.request("reading", new Request(`http://opscore.sim/v1/opscore/${path}`, { headers }));
    return reply?.body ?? {};
  };
  const started = await database.query("SELECT stream FROM log WHERE seq = 1 AND stream LIKE 'ses_%' ORDER BY pos");
  const ids = started.map((row) => String(row["stream"]));
  const plain = <T>(value: T): T => {
    let text = JSON.stringify(value);
    for (const [at, id] of ids.entries()) text = text.replaceAll(id.slice(4), `#${at + 1}`);
    return JSON.parse(DRAWN.reduce((rest, [drawn, put]) => rest.replaceAll(drawn, put), text)) as T;
  };
  const sessions = [];
  for (const id of ids) {
    const session = await read(`sessions/${id}`);
    sessions.push({
      ...pick(session, "sessionId", "workflowId", "revision", "status", "reason", "error", "waitingFor", "agentId"),
      tasks: (session["tasks"] as Json[]).map(taskOf),
    });
  }
  const agents = ((await read("agents"))["data"] as Json[]).toSorted((a, b) =>
    String(a["agentId"]) < String(b["agentId"]) ? -1 : 1,
  );
  const reports: Record<string, Json[]> = {};
  for (const { agentId } of agents) {
    const history = (await read(`agents/${String(agentId)}/history`))["data"] as Json[];
    reports[String(agentId)] = history.map((row) =>
      pick(row, "state", "details", "taskAttemptId", "applied", "reason"),
    );
  }
  const schedules = [];
  for (const { scheduleId } of (await read("schedules"))["data"] as Json[]) {
    schedules.push(await read(`schedules/${String(scheduleId)}`));
  }
  return {
    sessions: plain(sessions),
    agents: plain(
      agents.map((agent) => {
        const { liveness: _, clockSkewMs: __, ...rest } = agent;
        return rest;
      }),
    ),
    reports: plain(reports),
    definitions: plain((await read("workflows"))["data"] as Json[]),
    schedules: plain(schedules),
    audit: plain(await auditRowsOf(database)),
    answers: said
      .map(({ useCase, path, reply }) =>
        // A repeat finds what is there already: 200 where the first copy was 201 or 202.
        plain(JSON.stringify([useCase, path, Math.floor(reply.status / 100), reply.body])),
      )
      .toSorted(),
    faults: [
      ...world.bugs,
      ...(await auditNow(database)),
      ...(await stillOpen(database)).map((id) => `P10: ${id} is still open`),
    ],
  };
};

const show = (value: unknown): string => (JSON.stringify(value) ?? "nothing").slice(0, 300);

/** Where `actual` is not `expected`, a line for each place. */
export const differences = (expected: unknown, actual: unknown, path: string): readonly string[] => {
  if (JSON.stringify(expected) === JSON.stringify(actual)) return [];
  if (typeof expected !== "object" || typeof actual !== "object" || expected === null || actual === null) {
    return [`${path}: ${show(actual)} instead of ${show(expected)}`];
  }
  const [a, b] = [expected as Json, actual as Json];
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].flatMap((key) => differences(a[key], b[key], `${path}.${key}`));
};
