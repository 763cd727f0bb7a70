import type { Row, SqlResult, SqlValue, Statement } from "./sql-port.ts";

/** Prepared statements are kept by text; our texts are few, but lists and patches vary. */
const MAX_PREPARED = 500;

interface Prepared {
  readonly reader: boolean;
  raw(): Prepared;
  columns(): readonly { readonly name: string }[];
  all(...args: readonly SqlValue[]): unknown[];
  run(...args: readonly SqlValue[]): unknown;
}

/** The part of a `libsql` database that executes. */
export interface Embedded {
  readonly inTransaction: boolean;
  exec(sql: string): unknown;
  prepare(sql: string): unknown;
}

export interface PreparedDatabase {
  /** All or none, in order; throws what the driver throws. */
  batch(statements: readonly Statement[], mode: "read" | "write"): SqlResult[];
  rows(sql: string, args: readonly SqlValue[]): Row[];
  /** Drops the kept statements, before the database is closed. */
  forget(): void;
}

/**
 * Statements over an embedded database, prepared once. Rows are fetched as arrays and named here: the driver names
 * each cell anew, which makes a wide row three times as slow; what returns nothing is run, at half the price.
 */
export const preparedDatabase = (db: Embedded): PreparedDatabase => {
  const kept = new Map<string, (args: readonly SqlValue[]) => Row[]>();
  const prepare = (sql: string): ((args: readonly SqlValue[]) => Row[]) => {
    const known = kept.get(sql);
    if (known !== undefined) return known;
    if (kept.size >= MAX_PREPARED) kept.delete(kept.keys().next().value ?? "");
    const made = executor(db.prepare(sql) as Prepared);
    kept.set(sql, made);
    return made;
  };
  return {
    batch: (statements, mode) => {
      db.exec(mode === "write" ? "BEGIN IMMEDIATE" : "BEGIN");
      try {
        const results = statements.map(({ sql, args }): SqlResult => ({ rows: prepare(sql)(args), rowsWritten: null }));
        db.exec("COMMIT");
        return results;
      } catch (error) {
        if (db.inTransaction) db.exec("ROLLBACK");
        throw error;
      }
    },
    rows: (sql, args) => prepare(sql)(args),
    forget: () => kept.clear(),
  };
};

const executor = (statement: Prepared): ((args: readonly SqlValue[]) => Row[]) => {
  if (!statement.reader) {
    return (args) => {
      statement.run(...args);
      return [];
    };
  }
  const names = (): string[] => statement.columns().map(({ name }) => name);
  let columns = names();
  statement.raw();
  return (args) =>
    (statement.all(...args) as SqlValue[][]).map((cells) => {
      // A table has got other columns since the statement was prepared. Renamed ones would keep their old names: a file
      // is migrated only before it is served.
      if (cells.length !== columns.length) columns = names();
      const row: Record<string, SqlValue> = {};
      for (let at = 0; at < columns.length; at += 1) row[columns[at]!] = cells[at]!;
      return row;
    });
};
