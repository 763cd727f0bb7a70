import type { WaitingRow } from "./store-port.ts";

/** A column's value as stored. */
export type Cell = string | number | null;

/** A row as stored, by column name: nothing parsed, so that what is wrong in it can be shown. */
export type Cells = Readonly<Record<string, Cell>>;

/** A log row as stored, with the texts its hash was made of. */
export interface RawLogRow {
  readonly pos: number;
  readonly stream: string;
  readonly seq: number;
  readonly tx: string;
  readonly at: number;
  readonly v: number;
  readonly cause: string;
  readonly events: string;
  readonly hash: string;
}

/** A session's row, if it has one, and its log rows after the one asked for: all at one moment. */
export interface StoredSession {
  readonly row: Cells | null;
  readonly log: readonly RawLogRow[];
}

export type WaitingKey = Pick<WaitingRow, "queue" | "order" | "taskId">;

/** A session's row as its log has it. `columns`: those to set; a missing row gets all of them. */
export interface SessionRepair {
  readonly sessionId: string;
  /** The row's `seq` as read; `null`: it has no row. */
  readonly rowSeq: number | null;
  /** The length of its log as folded. */
  readonly logSeq: number;
  readonly columns: Cells;
  readonly waits: readonly WaitingRow[];
}

/** An agent's row as the logs have it. */
export interface AgentRepair {
  readonly agentId: string;
  readonly rowSeq: number | null;
  /** The length of its own stream as folded. */
  readonly logSeq: number;
  readonly columns: Cells;
  /** Attempts it holds, and null for those it does not; what else is noted of one that is there stays. */
  readonly tasks: Readonly<Record<string, { readonly sessionId: string; readonly sentAt: number } | null>>;
  /** At least this (epoch ms). */
  readonly contactAt: number | null;
  readonly capabilities: readonly string[];
}

/**
 * The database as `rebuild` needs it: rows beside the log they were folded from. Each method is one batch and so one
 * moment of the database. Writes are guarded by what was read: false means that it has moved on and nothing was
 * written. Throws `OpsError` `store_unavailable`.
 */
export interface RebuildStore {
  /** The hash of the row before `seq` in a stream: empty before the first row, `null` if it is missing. */
  hashBefore(stream: string, seq: number): Promise<string | null>;
  /** Ids of sessions that have a row or a log, in order. */
  sessionIds(after: string, limit: number): Promise<readonly string[]>;
  /** Of each session asked for: its row and at most `limit` log rows after `seq`. */
  readSessions(
    asked: readonly { readonly id: string; readonly seq: number }[],
    limit: number,
  ): Promise<readonly StoredSession[]>;
  /** The waiting rows with these keys, and how long the session's log is at that moment. */
  readWaits(
    sessionId: string,
    keys: readonly WaitingKey[],
  ): Promise<{ readonly logSeq: number; readonly rows: readonly Cells[] }>;
  /** Waiting rows in the order of their key. */
  listWaits(after: WaitingKey | null, limit: number): Promise<readonly Cells[]>;
  /** The log of all streams in the order of commits, after `pos`. */
  readLogAfter(pos: number, limit: number): Promise<readonly RawLogRow[]>;
  /** A page of agents by id, the capabilities of these and of `besides`, and the log rows committed meanwhile. */
  readAgents(
    pos: number,
    limit: number,
    page: { readonly after: string; readonly limit: number; readonly besides: readonly string[] },
  ): Promise<{
    readonly log: readonly RawLogRow[];
    /** Rows with `r_attempt`, the attempt that the agent's newest report was tied to. */
    readonly agents: readonly Cells[];
    readonly capabilities: readonly { readonly agentId: string; readonly capability: string }[];
  }>;
  /** Capabilities of agents that have neither row nor log. */
  strayCapabilities(limit: number): Promise<readonly Cells[]>;
  definition(workflowId: string, revision: number, hash: string): Promise<string | null>;
  /** Definitions in the order of their key. */
  listDefinitions(after: Cells | null, limit: number): Promise<readonly Cells[]>;

  repairSession(repair: SessionRepair): Promise<boolean>;
  repairAgent(repair: AgentRepair): Promise<boolean>;
  /** Removes a row that no log knows. */
  removeSession(sessionId: string): Promise<boolean>;
  removeAgent(agentId: string): Promise<boolean>;
  removeStrayCapabilities(): Promise<void>;
  /** Removes a waiting row if its session's log is still that long. */
  removeWait(sessionId: string, logSeq: number, key: WaitingKey): Promise<boolean>;
  repairNeeds(definition: Cells, needs: string): Promise<void>;
}
