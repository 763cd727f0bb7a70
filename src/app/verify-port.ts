import type { Cell, RawLogRow } from "./rebuild-port.ts";

/** How far a stream has got, according to the row that is guarded by it: a session, an agent, the head of a chain. */
export interface StreamHead {
  readonly stream: string;
  readonly seq: number;
  readonly hash: string;
  /** The nonce of its newest commit; `null` where it need not be that of the newest row. */
  readonly tx: string | null;
}

/** A place in the order of streams and of their rows, as it is stored: also where it is no number. */
export interface LogPlace {
  readonly stream: Cell;
  readonly seq: Cell;
}

/** Log rows in the order of streams, and the heads of these streams: all at one moment. */
export interface StreamPage {
  readonly rows: readonly RawLogRow[];
  /** Of the streams in `rows` and of the one that was carried over. */
  readonly heads: readonly StreamHead[];
  /** Where to go on; `null`: that was the end. */
  readonly next: LogPlace | null;
}

/** The database as `verify` reads it: it is never written. Each method is one batch and so one moment of the database. */
export interface VerifyStore {
  readStreams(after: LogPlace, limit: number): Promise<StreamPage>;
  /** Heads that have got somewhere and have no log row at all, of at most `limit` heads of one kind after an id. */
  lostLogs(
    kind: "sessions" | "agents" | "chain_heads",
    after: string,
    limit: number,
  ): Promise<{ readonly lost: readonly StreamHead[]; readonly next: string | null }>;
  /** The places of rows in the order of all commits, after one. */
  positions(after: number, limit: number): Promise<readonly number[]>;
}
