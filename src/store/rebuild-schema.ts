import { getTableConfig } from "drizzle-orm/sqlite-core";
import * as schema from "./schema.ts";
import { statement, type Sql } from "./sql-port.ts";

/**
 * The first table or column that the schema has and a database lacks, in words; `null` if it has all of them. What it
 * has besides, as a newer release may have brought, does no harm. Only reads. Throws what the driver throws.
 */
export const missingInSchema = async (sql: Sql): Promise<string | null> => {
  const [result] = await sql.batch(
    [
      statement(
        "SELECT m.name AS t, c.name AS c FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'",
      ),
    ],
    "read",
  );
  const stored = new Set((result?.rows ?? []).flatMap((row) => [`${row["t"]}`, `${row["t"]}.${row["c"]}`]));
  for (const table of Object.values(schema)) {
    const { name, columns } = getTableConfig(table);
    if (!stored.has(name)) return `no table ${name}`;
    const column = columns.find((one) => !stored.has(`${name}.${one.name}`));
    if (column !== undefined) return `no column ${column.name} in table ${name}`;
  }
  return null;
};
