import type { Clock } from "../ports.ts";
import type { Cell, Cells, RebuildStore } from "../rebuild-port.ts";

/** A cached value that is not what the log says. `column` null: the whole row, missing (`row` null) or too much. */
export interface Difference {
  readonly kind: "difference";
  readonly table: "sessions" | "waiting_tasks" | "agents" | "agent_capabilities" | "workflows";
  readonly key: string;
  readonly column: string | null;
  readonly row: Cell;
  readonly folded: Cell;
  /** Written anew from the log, and found equal afterwards. */
  readonly repaired: boolean;
}

/** Something is wrong with the log, or with what it refers to: there is nothing to rebuild the rows from. */
export interface Damage {
  readonly kind: "damage";
  /** A stream of the log, or a definition. */
  readonly where: string;
  /** The log row at which the stream stops being trustworthy. */
  readonly seq: number | null;
  readonly message: string;
}

export type Finding = Difference | Damage;

export interface Counts {
  sessions: number;
  agents: number;
  waitingTasks: number;
  capabilities: number;
  definitions: number;
  logRows: number;
  events: number;
  /** Sessions that moved on each time they were read: they were not compared. */
  moving: number;
}

/** One run of `rebuild`. */
export interface Run {
  readonly store: RebuildStore;
  readonly clock: Clock;
  readonly write: boolean;
  /** With `write`: a row without a log is removed, not told of as damage. */
  readonly removeUnknown: boolean;
  readonly counts: Counts;
  /** Streams that cannot be trusted: nothing is compared with them or written from them. */
  readonly damaged: Set<string>;
  /** Agents that a damaged session names: what sessions did to them is not known. */
  readonly doubtful: Set<string>;
  tell(finding: Finding): void;
}

/** A log that this release cannot read: nothing may be concluded from it, and nothing is written. */
export class UnreadableLog extends Error {
  override readonly name = "UnreadableLog";
}

/** A difference before it is known whether it could be repaired. */
export type Found = Omit<Difference, "kind" | "repaired">;

/** Column by column, what a row has and what it should have. */
export const differing = (table: Found["table"], key: string, row: Cells, folded: Cells): readonly Found[] =>
  Object.entries(folded).flatMap(([column, value]) =>
    row[column] === value ? [] : [{ table, key, column, row: row[column] ?? null, folded: value }],
  );

/** A whole row that is missing (`row` null) or that no log knows (`folded` null). */
export const wholeRow = (
  table: Found["table"],
  key: string,
  row: object | null,
  folded: object | null,
): readonly Found[] => [
  {
    table,
    key,
    column: null,
    row: row === null ? null : JSON.stringify(row),
    folded: folded === null ? null : JSON.stringify(folded),
  },
];

export const tellAll = (run: Run, found: readonly Found[], repaired: boolean): void => {
  for (const one of found) run.tell({ kind: "difference", ...one, repaired });
};

/** Tells of a stream that cannot be trusted, once. */
export const tellDamage = (run: Run, where: string, seq: number | null, message: string): void => {
  if (run.damaged.has(where)) return;
  run.damaged.add(where);
  run.tell({ kind: "damage", where, seq, message });
};
