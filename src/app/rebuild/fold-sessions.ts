import { effectOf } from "../../core/agent/effects.ts";
import { evolve } from "../../core/session/evolve.ts";
import { SESSION_EVENTS, type SessionEvent } from "../../core/session/events.ts";
import type { SessionState } from "../../core/session/state.ts";
import type { Cells, RawLogRow, RebuildStore } from "../rebuild-port.ts";
import { UnreadableLog } from "./findings.ts";
import { chainFault, eventsOf, refuseNewer, START, type StreamEnd } from "./read-log.ts";

/** Log rows of a session that are held at a time; one may have 25,000. */
const ROWS_AT_ONCE = 100;

/** A session as its log has it, and its row at the same moment. */
export interface FoldedSession {
  readonly id: string;
  /** `null`: it has no log. */
  readonly state: SessionState | null;
  readonly end: StreamEnd;
  /** The nonce of its newest commit. */
  readonly tx: string;
  /** Set if the log cannot be trusted from a row on. */
  readonly fault: { readonly seq: number; readonly message: string } | null;
  readonly row: Cells | null;
}

type Fold = Omit<FoldedSession, "row">;

const foldRow = async (fold: Fold, row: RawLogRow): Promise<Fold> => {
  if (fold.fault !== null) return fold;
  refuseNewer(row);
  const message = await chainFault(fold.end, row);
  if (message !== null) return { ...fold, fault: { seq: row.seq, message } };
  const place = { seq: row.seq, at: row.at };
  try {
    const events = eventsOf<SessionEvent>(row, SESSION_EVENTS);
    const state = events.reduce<SessionState | null>((before, event) => evolve(before, event, place), fold.state);
    // Agents are folded from it later, when nothing may fail any more.
    for (const event of events) effectOf(event, fold.id, row.at);
    return { ...fold, state, end: { seq: row.seq, hash: row.hash }, tx: row.tx };
  } catch (error) {
    if (error instanceof UnreadableLog) throw error;
    return { ...fold, fault: { seq: row.seq, message: `it cannot be folded: ${String(error)}` } };
  }
};

/**
 * Folds sessions from their logs, a bounded number of log rows at a time. The row and the end of the log are of one
 * moment: a session that moves on while it is read is read on to its new end.
 */
export const foldSessions = async (store: RebuildStore, ids: readonly string[]): Promise<readonly FoldedSession[]> => {
  if (ids.length === 0) return [];
  const first = await store.readSessions(
    ids.map((id) => ({ id, seq: 0 })),
    ROWS_AT_ONCE,
  );
  const folded: FoldedSession[] = [];
  for (const [at, id] of ids.entries()) {
    let page = first[at];
    let fold: Fold = { id, state: null, end: START, tx: "", fault: null };
    for (;;) {
      for (const row of page?.log ?? []) fold = await foldRow(fold, row);
      if (page === undefined || page.log.length < ROWS_AT_ONCE || fold.fault !== null) break;
      [page] = await store.readSessions([{ id, seq: fold.end.seq }], ROWS_AT_ONCE);
    }
    folded.push({ ...fold, row: page?.row ?? null });
  }
  return folded;
};
