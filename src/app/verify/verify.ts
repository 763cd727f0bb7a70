import { AUDIT_STREAM } from "../audit-port.ts";
import type { VerifyStore } from "../verify-port.ts";
import { checkPositions } from "./check-positions.ts";
import { checkStreams } from "./check-streams.ts";

/** Something in the log, or in what is guarded by it, was changed by other means than a commit. */
export interface Tampering {
  /** A stream: a session's id, `agent:` and an agent's id, or `audit`; `log` for the log as a whole. */
  readonly where: string;
  /** The row at which it shows; `null`: the whole stream is concerned. */
  readonly seq: number | null;
  readonly message: string;
}

export interface VerifyCounts {
  logRows: number;
  sessions: number;
  agents: number;
  auditRows: number;
}

/** One run of `verify`. */
export interface VerifyRun {
  readonly store: VerifyStore;
  readonly counts: VerifyCounts;
  /** An audit hash that was noted elsewhere. */
  readonly expected: string | null;
  /** Set when the expected hash has been met. */
  isMet: boolean;
  /** The newest row of the audit chain. */
  audit: { readonly seq: number; readonly hash: string } | null;
  readonly tell: (finding: Tampering) => void;
}

export interface VerifyOptions {
  readonly store: VerifyStore;
  /** The hash of an audit row that was printed by an earlier run: it must still be in the chain. */
  readonly expected?: string | null;
  readonly tell: (finding: Tampering) => void;
}

export interface Verified {
  readonly counts: VerifyCounts;
  /** The newest row of the audit chain, to be noted elsewhere; `null`: nothing was ever recorded. */
  readonly audit: { readonly seq: number; readonly hash: string } | null;
}

/** Heads that are looked at in one batch. */
const PAGE = 200;

const checkLost = async ({ store, tell }: VerifyRun): Promise<void> => {
  for (const kind of ["sessions", "agents", "chain_heads"] as const) {
    for (let after: string | null = ""; after !== null;) {
      const page: Awaited<ReturnType<VerifyStore["lostLogs"]>> = await store.lostLogs(kind, after, PAGE);
      for (const { stream, seq } of page.lost) {
        tell({ where: stream, seq: 1, message: `its log is gone, and it had got to row ${seq}` });
      }
      after = page.next;
    }
  }
};

/**
 * Reads all of the log and says what was not written by a commit: in the logs of sessions, in the life-cycle streams of
 * agents and in the audit chain. Beside a server or without it; it writes nothing, and holds a bounded number of rows.
 *
 * Found is every edit of a row's stream, seq, time, version, cause, events or hash, and every row that is missing, was put
 * in or moved: each row's hash is over the one before and its own texts, numbers are 1..n, places in the order of commits
 * are without a gap, and the newest hash stands in the row that every commit is guarded by, so that an end that was cut
 * off shows as well. `tx`, the nonce by which a lost answer is found within seconds, is no part of a row's text: it is
 * compared for the newest row of a session and of the audit chain only. Whether rows are what the log says is asked of
 * `rebuild`.
 *
 * Not found, by this alone, is somebody who may write everything and makes the whole rest of a chain anew with its head,
 * or takes away the newest streams with all that is guarded by them while nothing was committed since; a chain of hashes
 * without a secret cannot tell. That is what `expected` is for: note the audit head that a run gives
 * where they cannot write (in a ticket, on paper), and a later run says whether that row is still in the chain: nothing
 * up to it can be other than it was.
 */
export const verify = async ({ store, expected = null, tell }: VerifyOptions): Promise<Verified> => {
  const run: VerifyRun = {
    store,
    counts: { logRows: 0, sessions: 0, agents: 0, auditRows: 0 },
    expected,
    isMet: false,
    audit: null,
    tell,
  };
  await checkStreams(run);
  await checkLost(run);
  await checkPositions(run);
  if (expected !== null && !run.isMet) {
    tell({ where: AUDIT_STREAM, seq: null, message: `no row has the expected hash ${expected}` });
  }
  return { counts: run.counts, audit: run.audit };
};
