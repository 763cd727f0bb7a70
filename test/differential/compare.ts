import type { Dump, Run, Script } from "./command.ts";

/** Where two runs of one script differ first. */
export interface Difference {
  /** 0-based; the last command where it is only known that the rows differ at the end. */
  readonly at: number;
  /** What differs: a part of the answer, or a table. */
  readonly what: string;
  readonly libsql: string;
  readonly d1: string;
}

const differing = (one: object, other: object): string | null => {
  const keys = [...new Set([...Object.keys(one), ...Object.keys(other)])];
  const text = (of: object, key: string): string => JSON.stringify((of as Record<string, unknown>)[key]) ?? "nothing";
  return keys.find((key) => text(one, key) !== text(other, key)) ?? null;
};

const partOf = (of: object | undefined, key: string): string =>
  JSON.stringify((of as Record<string, unknown> | undefined)?.[key]) ?? "nothing";

/** The rows that only one of the two has. */
const rowsApart = (one: Dump | undefined, other: Dump | undefined, table: string): string => {
  const others = new Set((other?.[table] ?? []).map((row) => row.join("\n  ")));
  const own = (one?.[table] ?? []).map((row) => row.join("\n  "));
  const apart = own.filter((row) => !others.has(row));
  return apart.length > 0 ? apart.join("\n  --\n  ") : `no row of its own (${own.length} in this order)`;
};

/** The first difference in what can be seen, then in the rows; `null` if there is none. */
export const differenceOf = (libsql: Run, d1: Run): Difference | null => {
  const steps = Math.max(libsql.steps.length, d1.steps.length);
  const each = libsql.dumps.length === steps;
  for (let at = 0; at < steps; at += 1) {
    const [one, other] = [libsql.steps[at], d1.steps[at]];
    const part = differing(one ?? {}, other ?? {});
    if (part !== null) return { at, what: part, libsql: partOf(one, part), d1: partOf(other, part) };
    const rows = each ? differenceOfDumps(libsql.dumps[at], d1.dumps[at]) : null;
    if (rows !== null) return { at, ...rows };
  }
  const rows = differenceOfDumps(libsql.dumps.at(-1), d1.dumps.at(-1));
  return rows === null ? null : { at: steps - 1, ...rows };
};

const differenceOfDumps = (one: Dump | undefined, other: Dump | undefined): Omit<Difference, "at"> | null => {
  const table = differing(one ?? {}, other ?? {});
  if (table === null) return null;
  return { what: `rows of ${table}`, libsql: rowsApart(one, other, table), d1: rowsApart(other, one, table) };
};

const SHOWN = 4_000;

const clipped = (text: string): string =>
  text.length <= SHOWN ? text : `${text.slice(0, SHOWN)}… (${text.length} characters)`;

/** For whoever has to find the cause: the seed, the command, both sides, and the way to see it again. */
export const describeDifference = ({ seed, commands }: Script, { at, what, libsql, d1 }: Difference): string =>
  [
    `seed ${seed}, command ${at + 1} of ${commands.length}: ${what} differ`,
    `command: ${clipped(JSON.stringify(commands[at]))}`,
    `libSQL: ${clipped(libsql)}`,
    `D1: ${clipped(d1)}`,
    `replay: OPSCORE_DIFFERENTIAL_SEED=${seed} OPSCORE_DIFFERENTIAL_SCRIPTS=1 npm test -- test/differential`,
    "(if it does not come alone, what went before matters: start with a lower seed and run more scripts)",
  ].join("\n");
