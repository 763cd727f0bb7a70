import { getTableName } from "drizzle-orm";
import * as schema from "../../src/store/schema.ts";

/** The names of all tables, as the schema has them. */
export const TABLES = Object.values(schema).map((table) => getTableName(table));
