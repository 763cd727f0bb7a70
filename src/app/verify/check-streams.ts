import { isSessionId } from "../../core/ids.ts";
import { AUDIT_STREAM } from "../audit-port.ts";
import type { RawLogRow } from "../rebuild-port.ts";
import { AGENT_STREAM, chainFault, START, type StreamEnd } from "../rebuild/read-log.ts";
import type { LogPlace, StreamHead } from "../verify-port.ts";
import type { VerifyRun } from "./verify.ts";

/** Log rows that are held at a time. */
const PAGE = 200;

/** A stream as far as it has been read. */
interface Reading {
  readonly stream: string;
  readonly end: StreamEnd;
  readonly tx: string;
}

/** How the newest row and the head that was written with it disagree, in words; `null`: they do not. */
const headFault = (
  { stream, end, tx }: Reading,
  head: StreamHead | undefined,
): { readonly seq: number; readonly message: string } | null => {
  if (head === undefined) return { seq: end.seq, message: `there is no ${rowOf(stream)} with this log` };
  if (head.seq > end.seq) {
    return { seq: end.seq + 1, message: `the log ends with row ${end.seq}, and its head had got to ${head.seq}` };
  }
  if (head.seq < end.seq) {
    return { seq: head.seq + 1, message: `the log goes on to row ${end.seq}, and its head had got to ${head.seq}` };
  }
  if (head.hash !== end.hash) return { seq: end.seq, message: "the newest row is not the one that its head names" };
  return head.tx === null || head.tx === tx
    ? null
    : { seq: end.seq, message: "the newest row is not of the commit that its head names" };
};

const rowOf = (stream: string): string =>
  stream === AUDIT_STREAM ? "head" : stream.startsWith(AGENT_STREAM) ? "agent" : "session";

const isKnown = (stream: string): boolean =>
  stream === AUDIT_STREAM || stream.startsWith(AGENT_STREAM) || isSessionId(stream);

const count = ({ counts }: VerifyRun, stream: string): void => {
  if (stream === AUDIT_STREAM) return;
  if (stream.startsWith(AGENT_STREAM)) counts.agents += 1;
  else counts.sessions += 1;
};

/** One row, after the one before it in its stream; what is wrong with one row is not told of the next again. */
const readRow = async (run: VerifyRun, before: Reading | null, row: RawLogRow): Promise<Reading> => {
  const { stream, seq, hash, tx } = row;
  const end = before?.stream === stream ? before.end : START;
  const message = await chainFault(end, row);
  if (message !== null) run.tell({ where: stream, seq, message });
  run.counts.logRows += 1;
  if (stream === AUDIT_STREAM) {
    run.counts.auditRows += 1;
    run.audit = { seq, hash };
    // A row that does not follow from all before it proves nothing of them.
    if (message === null && hash === run.expected) run.isMet = true;
  }
  return { stream, end: { seq, hash }, tx };
};

/**
 * Reads every stream from its first row to its newest, and compares the newest with the head of that very moment. A
 * stream that moves on meanwhile is read on to its new end.
 */
export const checkStreams = async (run: VerifyRun): Promise<void> => {
  let open: Reading | null = null;
  let place: LogPlace | null = { stream: "", seq: 0 };
  const finish = (reading: Reading, heads: ReadonlyMap<string, StreamHead>): void => {
    const { stream } = reading;
    count(run, stream);
    if (!isKnown(stream)) return run.tell({ where: stream, seq: null, message: "nothing keeps a log of this name" });
    const fault = headFault(reading, heads.get(stream));
    if (fault !== null) run.tell({ where: stream, ...fault });
  };
  while (place !== null) {
    const page: Awaited<ReturnType<VerifyRun["store"]["readStreams"]>> = await run.store.readStreams(place, PAGE);
    const heads = new Map(page.heads.map((head) => [head.stream, head]));
    for (const row of page.rows) {
      if (open !== null && open.stream !== row.stream) finish(open, heads);
      open = await readRow(run, open, row);
    }
    if (page.next === null && open !== null) finish(open, heads);
    place = page.next;
  }
};
