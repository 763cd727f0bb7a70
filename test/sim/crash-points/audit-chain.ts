import { chainHash } from "../../../src/app/log-row.ts";
import type { Row } from "../../../src/store/sql-port.ts";
import type { CrashDatabase } from "./database.ts";

/** What people say to sessions; its rows in their logs are recorded in the audit chain as well. */
const WORDS = new Set([
  "CancelSession",
  "PauseSession",
  "ResumeSession",
  "SignalSession",
  "ControlTask",
  "RerunSession",
]);

interface Recorded {
  readonly type: string;
  readonly target: { readonly kind: string; readonly id: string };
  readonly before: string | null;
  readonly after: string | null;
}

const recordedIn = (row: Row): Recorded => (JSON.parse(String(row["events"])) as Recorded[])[0]!;

/** A row of a session's log that an operator caused, and that changed more than what is remembered under a key. */
const isWord = (row: Row): boolean => {
  const { command, actor } = JSON.parse(String(row["cause"])) as { command: string; actor: { kind: string } };
  if (!WORDS.has(command) || actor.kind !== "key") return false;
  const events = JSON.parse(String(row["events"])) as { type: string }[];
  return events.some(({ type }) => type !== "ControlAnswered");
};

/** A change without its audit row or the other way round (P2), and a chain that is none (P14), at this very moment. */
export const auditChainNow = async (database: CrashDatabase): Promise<readonly string[]> => {
  const [log, heads] = await Promise.all([
    database.query("SELECT * FROM log WHERE stream LIKE 'ses_%' OR stream = 'audit' ORDER BY stream, seq"),
    database.query("SELECT seq, hash FROM chain_heads"),
  ]);
  const faults: string[] = [];
  const chain = log.filter((row) => row["stream"] === "audit");
  const rows = new Set(log.map((row) => `${String(row["stream"])} ${String(row["hash"])}`));
  const recorded = new Set<string>();
  let hash = "";
  for (const [at, row] of chain.entries()) {
    const [stream, seq, time, v] = ["audit", at + 1, Number(row["at"]), Number(row["v"])];
    const text = { stream, seq, at: time, v, cause: String(row["cause"]), events: String(row["events"]) };
    hash = await chainHash(hash, text);
    if (row["seq"] !== seq || row["hash"] !== hash) faults.push(`P14: audit row ${seq} does not follow`);
    const { target, after } = recordedIn(row);
    if (target.kind !== "session") continue;
    const change = `${target.id} ${String(after)}`;
    recorded.add(change);
    if (!rows.has(change)) faults.push(`P2: audit row ${seq} records what never was`);
  }
  const [head] = heads;
  if ((head?.["seq"] ?? 0) !== chain.length || (head?.["hash"] ?? "") !== hash)
    faults.push("P14: the audit head is not the end");
  for (const row of log.filter((one) => one["stream"] !== "audit" && isWord(one))) {
    const name = `${String(row["stream"])} ${String(row["hash"])}`;
    if (!recorded.has(name)) faults.push(`P2: row ${String(row["seq"])} of ${String(row["stream"])} has no audit row`);
  }
  return faults;
};

/** The audit rows as far as they are the same with and without crashes, in no order; a key that is asked for again is one more. */
export const auditRowsOf = async (database: CrashDatabase): Promise<readonly Record<string, unknown>[]> => {
  const rows = await database.query("SELECT cause, events FROM log WHERE stream = 'audit' ORDER BY seq");
  const told = rows.flatMap((row) => {
    const { command, actor } = JSON.parse(String(row["cause"])) as Record<string, unknown>;
    const { target, before, after } = recordedIn(row);
    if (target.kind === "key") return [];
    return [{ action: command, actor, target, isNew: before === null, isGone: after === null }];
  });
  return told.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
};
