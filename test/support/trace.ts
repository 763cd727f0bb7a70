import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Damage, Difference, Run } from "../../src/app/rebuild/findings.ts";
import { foldFleet, type Member } from "../../src/app/rebuild/fold-fleet.ts";
import { foldSessions } from "../../src/app/rebuild/fold-sessions.ts";
import type { RawLogRow, RebuildStore } from "../../src/app/rebuild-port.ts";
import type { Agent } from "../../src/core/agent/agent.ts";
import { isSessionId } from "../../src/core/ids.ts";
import { readJson } from "../../src/core/read-json.ts";
import type { SessionState } from "../../src/core/session/state.ts";

const folder = fileURLToPath(new URL("../traces/", import.meta.url));

/** What a log folds to: every session, and every agent that has a stream. */
export interface Folded {
  readonly sessions: Readonly<Record<string, SessionState>>;
  readonly agents: Readonly<Record<string, Agent & { readonly claimedAt: number }>>;
}

/** A complete recorded log, in the order of commits, and what it folds to, for ever. */
export interface Trace {
  readonly about: string;
  readonly rows: readonly RawLogRow[];
  readonly folded: Folded;
}

/** Folds rows as `rebuild` does. Throws for a log that cannot be trusted. */
export const foldRows = async (rows: readonly RawLogRow[]): Promise<Folded> => {
  const reading: Pick<RebuildStore, "readSessions"> = {
    readSessions: (asked, limit) =>
      Promise.resolve(
        asked.map(({ id, seq }) => ({
          row: null,
          log: rows.filter((row) => row.stream === id && row.seq > seq).slice(0, limit),
        })),
      ),
  };
  const store = reading as RebuildStore;
  const counts = { sessions: 0, agents: 0, waitingTasks: 0, capabilities: 0, definitions: 0, logRows: 0, events: 0 };
  const tell = (finding: Damage | Difference): void => {
    throw new Error(JSON.stringify(finding));
  };
  const run: Run = {
    store,
    clock: { now: () => 0 },
    write: false,
    counts: { ...counts, moving: 0 },
    damaged: new Set(),
    doubtful: new Set(),
    removeUnknown: false,
    tell,
  };
  const ids = [...new Set(rows.map(({ stream }) => stream))].filter(isSessionId);
  const sessions: Record<string, SessionState> = {};
  for (const { id, state, fault } of await foldSessions(store, ids)) {
    if (state === null || fault !== null) throw new Error(`${id}: ${JSON.stringify(fault)}`);
    sessions[id] = state;
  }
  const fleet = new Map<string, Member>();
  await foldFleet(run, fleet, rows);
  const agents = [...fleet].map(([id, { agent, claimedAt }]) => [id, { ...agent, claimedAt }] as const);
  return { sessions, agents: Object.fromEntries(agents) };
};

/** The recorded traces by file name. */
export const readTraces = (): readonly (readonly [name: string, trace: Trace])[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .toSorted()
    .map((name) => [name, readJson(readFileSync(`${folder}${name}`, "utf8")) as Trace]);

/** Adds a trace, and gives its path. Throws if there is one of that name: what was recorded once is never changed. */
export const writeTrace = async (name: string, about: string, rows: readonly RawLogRow[]): Promise<string> => {
  if (!/^[a-z0-9][a-z0-9-]*$/.test(name)) throw new Error(`"${name}" is no name for a trace: a-z, 0-9 and - only.`);
  if (rows.length === 0) throw new Error("There is nothing to record.");
  const { sessions, agents } = await foldRows(rows);
  const lines = (all: readonly unknown[]): string => all.map((one) => JSON.stringify(one)).join(",\n");
  const members = (all: object): string =>
    Object.entries(all)
      .map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`)
      .join(",\n");
  const text = `{"about": ${JSON.stringify(about)},\n"rows": [\n${lines(rows)}\n],\n"folded": {"sessions": {\n${members(sessions)}\n},\n"agents": {\n${members(agents)}\n}}}\n`;
  const path = `${folder}${name}.json`;
  try {
    writeFileSync(path, text, { flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    throw new Error(`There is a trace "${name}" already, and traces are never changed. Choose another name.`, {
      cause: error,
    });
  }
  return path;
};
