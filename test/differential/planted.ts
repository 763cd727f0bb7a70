import { statement, type Sql, type SqlValue, type Statement } from "../../src/store/sql-port.ts";

/** A way in which a database, or the driver before it, could differ. */
export interface Planted {
  readonly name: string;
  readonly plant: (sql: Sql) => Sql;
}

const rewritten =
  (rewrite: (one: Statement) => Statement): Planted["plant"] =>
  (sql) => ({ batch: (statements, mode) => sql.batch(statements.map(rewrite), mode) });

const inSql = (from: RegExp, to: string): Planted["plant"] =>
  rewritten(({ sql, args }) => ({ sql: sql.replace(from, to), args }));

const inTexts = (change: (text: string) => string): Planted["plant"] =>
  rewritten(({ sql, args }) => ({
    sql,
    args: args.map((value): SqlValue => (typeof value === "string" ? change(value) : value)),
  }));

/** Each must be found, or equal runs prove nothing. */
export const planted: readonly Planted[] = [
  { name: "ids compared without case", plant: inSql(/\bid"? = \?/g, "$& COLLATE NOCASE") },
  {
    name: "ids compared as numbers",
    plant: inSql(/((?:"?\w+"?\.)?"?\w*id"?) = \?/g, "CAST($1 AS REAL) = CAST(? AS REAL)"),
  },
  { name: "texts normalised", plant: inTexts((text) => text.normalize("NFC")) },
  { name: "texts cut at 4,096 characters", plant: inTexts((text) => text.slice(0, 4_096)) },
  {
    name: "numbers rounded to 15 digits",
    plant: inTexts((text) => text.replaceAll("123456789012345.67", "123456789012346")),
  },
  { name: "a limit of one less", plant: inSql(/\blimit \?/gi, "$& - 1") },
  { name: "a list the other way round", plant: inSql(/\bdesc\b/gi, "ASC") },
  {
    name: "an UPDATE that is lost",
    plant: rewritten((one) => (one.sql.startsWith("UPDATE sessions SET due_at") ? statement("SELECT 1") : one)),
  },
];

/** Shows in no answer, so that only the rows can give it away. */
export const plantedInRows: Planted = {
  name: "a column that no answer shows",
  plant: (sql) => ({
    batch: async (statements, mode) => {
      if (mode === "read") return sql.batch(statements, mode);
      const results = await sql.batch([...statements, statement("UPDATE log SET tx = tx || ' '")], mode);
      return results.slice(0, -1);
    },
  }),
};
