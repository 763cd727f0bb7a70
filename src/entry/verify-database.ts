import { verify, type Tampering, type VerifyCounts } from "../app/verify/verify.ts";
import { openLibsqlReadOnly } from "../store/libsql-read-only.ts";
import type { LibsqlOptions } from "../store/libsql.ts";
import { createVerifyStore } from "../store/verify-store.ts";
import { requireSchema } from "./rebuild-database.ts";

/** What is to be verified. */
export interface VerifyWish {
  readonly database: LibsqlOptions;
  /** The audit hash that an earlier run gave, kept elsewhere; `null`: none. */
  readonly expected: string | null;
}

export interface VerifyReport {
  readonly database: string;
  /** Nothing was found. */
  readonly clean: boolean;
  readonly found: number;
  readonly counts: VerifyCounts;
  /** The newest row of the audit chain: keep its hash where nobody who may write the database may write. */
  readonly audit: { readonly seq: number; readonly hash: string } | null;
}

/** A finding on one line. */
export const tamperingLine = ({ where, seq, message }: Tampering): string =>
  `TAMPERED ${where}${seq === null ? "" : ` at row ${seq}`}: ${message}`;

/** A report, in a few words. */
export const verifyLine = ({ counts, found, audit }: VerifyReport): string => {
  const { logRows, sessions, agents, auditRows } = counts;
  const head = audit === null ? "no audit row" : `audit head ${audit.seq} ${audit.hash}`;
  return (
    `${logRows} log rows of ${sessions} sessions and ${agents} agents, and of them ${auditRows} audit rows, verified: ` +
    `${found === 0 ? "nothing" : found} found; ${head}`
  );
};

/**
 * Verifies the logs and the audit chain of a database, read-only, beside its server or without it. Each finding is told
 * as it is made. Throws if it cannot be read: `failureText` says why.
 */
export const verifyDatabase = async (
  { database, expected }: VerifyWish,
  tell: (finding: Tampering) => void,
): Promise<VerifyReport> => {
  await requireSchema(database);
  const sql = await openLibsqlReadOnly(database);
  try {
    let found = 0;
    const counted = (finding: Tampering): void => {
      found += 1;
      tell(finding);
    };
    const { counts, audit } = await verify({ store: createVerifyStore(sql), expected, tell: counted });
    return { database: database.url, clean: found === 0, found, counts, audit };
  } finally {
    sql.close();
  }
};
