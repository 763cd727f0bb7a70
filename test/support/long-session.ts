import { logRow, systemCause } from "../../src/app/log-row.ts";
import { factsOf } from "../../src/app/advance-session.ts";
import type { LogRow } from "../../src/app/store-port.ts";
import type { Json, JsonObject } from "../../src/core/json.ts";
import type { CallResult, SessionCommand } from "../../src/core/session/commands.ts";
import { dueAt } from "../../src/core/session/deadlines.ts";
import { decide } from "../../src/core/session/decide.ts";
import type { SessionEvent } from "../../src/core/session/events.ts";
import type { Facts } from "../../src/core/session/facts.ts";
import { MAX_TASKS } from "../../src/core/session/map-items.ts";
import { needsOf } from "../../src/core/session/needs.ts";
import type { MappingTask } from "../../src/core/session/state.ts";
import { statement } from "../../src/store/sql-port.ts";
import type { World } from "./world.ts";

const MAP_ITEMS = 1_000;
const ROWS_A_STATEMENT = 500;

/**
 * A session as long as one may be: `plain` steps, maps that make it old, and as many steps again, the last of which is
 * the session's 10,000th task.
 */
export const longWorkflow = (plain: number): { readonly definition: JsonObject; readonly input: JsonObject } => {
  const steps = (name: string): JsonObject[] =>
    Array.from({ length: plain }, (_, at) => ({ taskId: `${name}${at}`, parameters: { at } }));
  const item = { type: "http", method: "POST", url: "http://item.test/", body: { opscore_task_id: "an item" } };
  const map = (taskId: string, list: string): JsonObject => ({
    ...{ taskId, type: "map", forEach: `\${input.${list}}`, maxConcurrency: 1, task: item },
  });
  const between = MAX_TASKS - 2 * plain;
  const maps = Math.floor(between / (MAP_ITEMS + 1));
  const range = (length: number): number[] => Array.from({ length }, (_, at) => at);
  const tasks = [
    ...steps("first"),
    ...range(maps).map((at) => map(`map${at}`, "full")),
    map("rest", "rest"),
    ...steps("last"),
  ];
  const rest = between - maps * (MAP_ITEMS + 1) - 1;
  return {
    definition: { id: `long-${plain}`, name: "Long", tasks },
    input: { full: range(MAP_ITEMS), rest: range(rest) },
  };
};

const eventsOf = async (world: World, sessionId: string): Promise<(readonly SessionEvent[])[]> => {
  const [result] = await world.sql.batch(
    [statement("SELECT events FROM log WHERE stream = ? ORDER BY seq", sessionId)],
    "read",
  );
  return result!.rows.map((row) => JSON.parse(String(row["events"])) as SessionEvent[]);
};

/** What a map's items are asked for by. */
const itemsIn = (events: readonly SessionEvent[], seq: number): readonly (readonly [string, Json])[] =>
  events.flatMap((event) =>
    event.type === "TaskEntered" && event.items !== undefined
      ? event.items.map((item, index) => [`${seq}.${event.n}.${index}`, item] as const)
      : [],
  );

const insert = (rows: readonly LogRow[]) =>
  statement(
    `INSERT INTO log (stream, seq, tx, at, v, cause, events, hash)
      SELECT e.value ->> 'stream', e.value ->> 'seq', 'seeded', e.value ->> 'at', 1, e.value ->> 'cause',
        e.value ->> 'events', e.value ->> 'hash' FROM json_each(?) e`,
    JSON.stringify(rows.map((row) => ({ ...row, cause: JSON.stringify(row.cause) }))),
  );

/**
 * Takes a session whose first map has just begun to the last item of its last map, by the decider itself: one log row
 * an item, as if it had lived through all of it. The clock then stands where the call of that item is made anew: the next
 * sweep ends the map.
 */
export const lengthen = async (world: World, sessionId: string): Promise<void> => {
  const loaded = await world.deps.store.loadSession({ sessionId, historyOf: null });
  let { state, seq, hash } = loaded.session!;
  const log = await eventsOf(world, sessionId);
  const rows = new Map(log.map((events, at) => [at + 1, events]));
  const items = new Map(log.flatMap((events, at) => itemsIn(events, at + 1)));
  const base: Facts = { ...factsOf(world.deps, loaded)!, rows, items, ahead: new Map() };
  const mapping = (): MappingTask | undefined => state.open.find((task) => task.phase === "mapping");
  const added: LogRow[] = [];
  for (;;) {
    const map = mapping();
    const item = state.open.find((task) => task.phase === "calling");
    if (map === undefined || item === undefined) throw new Error("the session is not at work on a map");
    const isLast = map.next === map.count;
    if (map.taskId === "rest" && isLast) break;
    world.clock.advance(1_000);
    const now = world.clock.now();
    const span = isLast ? { of: [map.n], events: log.slice(map.paramsSeq - 1).flat() } : null;
    const result: CallResult = { kind: "completed", output: item.n };
    const command: SessionCommand = { type: "EndCall", n: item.n, attempt: item.attempt, result, now, seed: "5eed" };
    const decision = decide(state, command, { ...base, span }, seq + 1);
    if (decision.events.length === 0) throw new Error(`nothing was decided: ${JSON.stringify(decision.answer)}`);
    seq += 1;
    state = decision.state;
    log.push(decision.events);
    rows.set(seq, decision.events);
    for (const [key, item] of itemsIn(decision.events, seq)) items.set(key, item);
    const row = await logRow({ stream: sessionId, seq, at: now }, systemCause("EndCall"), decision.events, hash);
    hash = row.hash;
    added.push(row);
  }
  const due = dueAt(state, base)!; // the call is made again
  world.clock.set(due);
  const head = statement(
    "UPDATE sessions SET seq = ?, tx = 'seeded', hash = ?, head = ?, needs = ?, due_at = ? WHERE id = ?",
    ...[seq, hash, JSON.stringify(state), JSON.stringify(needsOf(state, base.graph)), due, sessionId],
  );
  for (let at = 0; at < added.length; at += ROWS_A_STATEMENT) {
    await world.sql.batch([insert(added.slice(at, at + ROWS_A_STATEMENT))], "write");
  }
  await world.sql.batch([head], "write");
};
