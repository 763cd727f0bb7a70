import { statement, type Sql } from "../../src/store/sql-port.ts";
import type { Dump } from "./command.ts";

interface Table {
  readonly name: string;
  readonly columns: readonly string[];
  readonly key: readonly string[];
}

const quoted = (name: string): string => `"${name}"`;

/** The tables of Ops-Core, whatever they are: those of drivers, migrators and platforms have names of their own. */
export const tablesOf = async (sql: Sql): Promise<readonly Table[]> => {
  const [found] = await sql.batch(
    [statement("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")],
    "read",
  );
  const names = (found?.rows ?? []).map((row) => String(row["name"])).filter((name) => !/^(_|sqlite_|d1_)/.test(name));
  const infos = await sql.batch(
    names.map((name) => statement("SELECT name, pk FROM pragma_table_info(?) ORDER BY cid", name)),
    "read",
  );
  return names.map((name, at) => {
    const rows = infos[at]?.rows ?? [];
    const key = rows.filter((row) => Number(row["pk"]) > 0).toSorted((a, b) => Number(a["pk"]) - Number(b["pk"]));
    return {
      name,
      columns: rows.map((row) => String(row["name"])),
      key: key.map((row) => String(row["name"])),
    };
  });
};

/** All rows by their keys. `quote` is made by the database itself, so no driver can hide a difference. */
export const dumpOf = async (sql: Sql, tables: readonly Table[]): Promise<Dump> => {
  const results = await sql.batch(
    tables.map(({ name, columns, key }) => {
      const values = columns.map((column) => `quote(${quoted(column)}) AS ${quoted(column)}`).join(", ");
      // Qualified: an ORDER BY of the bare name would take the quoted literal.
      const order = key.map((column) => `t.${quoted(column)}`).join(", ");
      return statement(`SELECT ${values} FROM ${quoted(name)} AS t ORDER BY ${order}`);
    }),
    "read",
  );
  return Object.fromEntries(
    tables.map(({ name, columns }, at) => [
      name,
      (results[at]?.rows ?? []).map((row) => columns.map((column) => `${column}=${String(row[column])}`)),
    ]),
  );
};

export const emptyTables = async (sql: Sql, tables: readonly Table[]): Promise<void> => {
  await sql.batch(
    tables.map(({ name }) => statement(`DELETE FROM ${quoted(name)}`)),
    "write",
  );
};
