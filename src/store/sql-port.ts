export type SqlValue = string | number | null;

export interface Statement {
  readonly sql: string;
  readonly args: readonly SqlValue[];
}

export type Row = Readonly<Record<string, SqlValue>>;

export interface SqlResult {
  readonly rows: readonly Row[];
  /** Rows billed as written, where the database says so (D1). */
  readonly rowsWritten: number | null;
  /** Rows billed as read, where the database says so (D1). */
  readonly rowsRead?: number | null;
}

/**
 * One round trip: the statements run in order in one transaction, all or none. An UPDATE that matches
 * nothing does not stop them. Throws whatever the driver throws; `store-failure.ts` translates it.
 * `withinMs`: the caller has no more time than this to wait; kept where batches are bounded, see `bounded-sql.ts`.
 */
export interface Sql {
  batch(statements: readonly Statement[], mode: "read" | "write", withinMs?: number): Promise<readonly SqlResult[]>;
}

/** A statement from text with `?` placeholders. */
export const statement = (sql: string, ...args: readonly SqlValue[]): Statement => ({ sql, args });
