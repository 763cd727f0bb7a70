// Length: the storage contract, in one place.
import type { Agent, InFlight, Report } from "../core/agent/agent.ts";
import type { AgentEffect } from "../core/agent/effects.ts";
import type { AgentEvent } from "../core/agent/events.ts";
import type { Meaning } from "../core/agent/state-meaning.ts";
import type { Json, JsonObject } from "../core/json.ts";
import type { Pair } from "../core/report/interpret.ts";
import type { SessionEvent } from "../core/session/events.ts";
import type { Facts } from "../core/session/facts.ts";
import type { Needs } from "../core/session/needs.ts";
import type { DefinitionRef, SessionState } from "../core/session/state.ts";
import type { AuditCommit, AuditStore } from "./audit-port.ts";
import type { Claim, ReplyStore } from "./reply-port.ts";
import type { KeyStore } from "./key-port.ts";
import type { ScheduleStore } from "./schedule-port.ts";
import type { SessionLists } from "./session-lists-port.ts";
import type { WebhookStore } from "./webhook-port.ts";

/** A session's head as stored. */
export interface SessionRecord {
  readonly state: SessionState;
  readonly seq: number;
  /** Hash of its newest log row. */
  readonly hash: string;
  /** Epoch ms; `null`: nothing is due by itself. */
  readonly dueAt: number | null;
}

/** A workflow definition as stored. `body` is its canonical JSON. Revision 0 is kept for its session only. */
export interface DefinitionRecord {
  readonly workflowId: string;
  readonly revision: number;
  readonly hash: string;
  readonly body: string;
  /** Epoch ms. */
  readonly createdAt: number;
}

export type UnsavedDefinition = Omit<DefinitionRecord, "revision">;
/** `created`: it was not there before. */
export type SavedDefinition = DefinitionRecord & { readonly created: boolean };

/** What a decision needs besides head and definition, as loaded. */
export type LoadedFacts = Omit<Facts, "graph" | "known">;

export interface LoadedSession {
  readonly session: SessionRecord | null;
  readonly definition: DefinitionRecord | null;
  /** What the session needs as it is, and what was asked for besides. */
  readonly needs: Needs;
  /** Whether all of that was loaded; false: it has changed since what was asked for was made. */
  readonly isWhole: boolean;
  readonly facts: LoadedFacts;
}

/** A state report as a row. `atMicros` = min(sent, received), before it is placed among the others; the newest row is the agent's reported state. */
export interface ReportRow extends Report {
  readonly agentId: string;
  readonly atMicros: number;
  /** Of sent timestamp, state and details: a repeat has the same. */
  readonly digest: string;
  /** What the first copy was answered; `null`: plainly accepted. */
  readonly outcome: JsonObject | null;
}

export interface LoadedReport extends LoadedSession {
  readonly agent: Agent | null;
  /** Set if this very report was taken before: its answer. */
  readonly repeated: { readonly outcome: JsonObject | null } | null;
  readonly pair: Pair;
}

export type DefinitionQuery =
  /** `revision` null: the newest. */
  | { readonly kind: "saved"; readonly workflowId: string; readonly revision: number | null }
  /** The very one that a session is pinned to. */
  | { readonly kind: "pinned"; readonly ref: DefinitionRef }
  | { readonly kind: "inline"; readonly workflowId: string; readonly needs: Needs };

export interface LoadedStart {
  /** The definition asked for; with an inline one the newest saved revision of its id. */
  readonly definition: DefinitionRecord | null;
  /** What the definition needs as it is, and what was asked for besides. */
  readonly needs: Needs;
  /** Whether all of that was loaded; false: another revision has been saved since. */
  readonly isWhole: boolean;
  readonly facts: LoadedFacts;
  /** The session that was started with this Idempotency-Key in the last seven days. */
  readonly earlier: { readonly sessionId: string; readonly workflowId: string; readonly bodyHash: string } | null;
}

/** One log row to be written. */
export interface LogRow {
  readonly stream: string;
  readonly seq: number;
  readonly at: number;
  readonly cause: JsonObject;
  readonly events: string;
  readonly hash: string;
}

export interface WaitingRow {
  readonly queue: string;
  readonly order: number;
  readonly taskId: string;
  readonly sessionId: string;
  readonly notAgents: readonly string[];
}

/** All that one accepted command writes, guarded by the head and by every agent row it relied on. */
export interface SessionCommit {
  /** A fresh random text: finds out what became of a commit whose answer was lost. */
  readonly nonce: string;
  /** `null`: the session is new. */
  readonly previous: SessionRecord | null;
  readonly state: SessionState;
  readonly needs: Needs;
  /** `undefined`: leave the timer as it is, if it fires by `dueBy`. */
  readonly dueAt: number | null | undefined;
  /** When the session must be looked at, at the latest; `null`: it needs no timer. */
  readonly dueBy: number | null;
  readonly log: LogRow;
  readonly effects: readonly AgentEffect[];
  /** Agents claimed or freed, with the `seq` they were loaded with and as the commit leaves them. */
  readonly agents: readonly { readonly id: string; readonly seq: number; readonly after: Agent }[];
  readonly waitsAdded: readonly WaitingRow[];
  readonly waitsRemoved: readonly WaitingRow[];
  /** The report that caused it; written in the same batch. */
  readonly report: ReportRow | null;
  readonly start: {
    readonly idempotency: { readonly key: string; readonly bodyHash: string } | null;
    /** A definition to store along with the session. */
    readonly definition: (DefinitionRecord & { readonly needs: Needs }) | null;
  } | null;
  /** Sessions that have to look at this one: the parent of a child that has ended, children that were let go of. */
  readonly nudged: readonly string[];
  /** Agents that this commit leaves free: look for a task that waits for them. */
  readonly freed: readonly string[];
  /** The audit row of an operator's change; it guards the commit as well. */
  readonly audit?: AuditCommit;
}

/** `stale`: somebody else was faster and nothing was written. `wake`: sessions that can go on now. */
export type CommitResult =
  { readonly kind: "committed"; readonly wake: readonly string[] } | { readonly kind: "stale" };

/** A change of one agent's registration, guarded by its row. */
export interface AgentCommit {
  readonly nonce: string;
  /** `seq` null: the agent is new. */
  readonly seq: number | null;
  readonly agent: Agent;
  readonly log: LogRow | null;
  /** A report written along. */
  readonly report: ReportRow | null;
  /** An older id of the same agent that this one replaces. */
  readonly superseded: { readonly seq: number; readonly agent: Agent; readonly log: LogRow } | null;
  /**
   * The newest registered agent of the same name with another id, as loaded; it must still be so. Two ids that
   * register at one moment would each miss the other. Absent: the commit does not rely on it.
   */
  readonly namesake?: string | null;
  /** Queues whose tasks may now be for another agent: their sessions are due at once and find their way anew. */
  readonly reroute: readonly string[];
  readonly now: number;
  readonly audit?: AuditCommit;
}

export interface AgentRecord {
  readonly agent: Agent;
  /** Length and hash of its life-cycle log. */
  readonly logSeq: number;
  readonly logHash: string;
}

export interface StoredLogRow extends LogRow {
  readonly pos: number;
  readonly v: number;
  readonly parsed: readonly (SessionEvent | AgentEvent)[];
}

export interface HistoryRow {
  readonly state: string;
  readonly meaning: Meaning;
  readonly details: Json;
  readonly sent: string;
  readonly receivedAt: number;
  readonly attemptId: string | null;
  readonly outcome: JsonObject | null;
  /** Opaque place in the list. */
  readonly key: string;
}

export interface Delivered {
  readonly agentId: string;
  readonly attemptId: string;
  readonly patch: Pick<InFlight, "transport" | "acceptedAt" | "unsure" | "confirmedAt" | "refused" | "answer">;
  /** Write nothing if a report has come first: it says all that the outcome could. */
  readonly unlessReported: boolean;
}

/**
 * The whole storage contract. Every method is one round trip. Throws `OpsError` `store_unavailable` when the
 * database cannot be reached or fails; a commit that may have happened is looked up by its nonce first.
 */
export interface Store extends AuditStore, ReplyStore, ScheduleStore, KeyStore, SessionLists, WebhookStore {
  ping(): Promise<void>;

  /** `needs`: what to load; `null`: what was stored with the session. */
  loadSession(query: {
    readonly sessionId: string;
    readonly historyOf: string | null;
    readonly needs?: Needs | null;
  }): Promise<LoadedSession>;
  loadReport(query: {
    readonly agentId: string;
    readonly atMicros: number;
    readonly sentMicros: number;
    readonly digest: string;
    /** The session the report names; `null`: that of the agent's only task in flight. */
    readonly sessionId: string | null;
    readonly historyOf: string | null;
    readonly needs?: Needs | null;
  }): Promise<LoadedReport>;
  loadStart(query: {
    readonly definition: DefinitionQuery;
    readonly home: string | null;
    readonly needs?: Needs | null;
    readonly idempotencyKey: string | null;
    readonly now: number;
  }): Promise<LoadedStart>;

  /** Keeps what an Idempotency-Key of a bulk action is used for, a hash; false: it was used for something else. */
  keepBulkKey(key: string, request: string): Promise<boolean>;

  commitSession(commit: SessionCommit): Promise<CommitResult>;
  /** Moves the timer of a session nobody has changed since; no log row. */
  rearm(session: SessionRecord, dueAt: number | null): Promise<void>;
  /** Puts a session off that cannot be advanced, if it is still due. */
  postpone(sessionId: string, now: number, dueAt: number): Promise<void>;
  /** Inserts a report that changes no session, unless it is a repeat; `agentSeq` guards what it was tied to. */
  insertReport(report: ReportRow, agentSeq: number, look: boolean): Promise<CommitResult>;
  /** What became of a dispatch. Does nothing once the attempt is no longer in flight. */
  recordDelivery(delivered: Delivered): Promise<void>;
  /** A heartbeat of the attempt in flight; false: the agent does not hold it. */
  recordBeat(agentId: string, attemptId: string, now: number, progress: Json | undefined): Promise<boolean>;

  loadAgent(
    agentId: string,
    sameName: string | null,
  ): Promise<{
    readonly agent: AgentRecord | null;
    /** The newest registered agent of that name with another id. */
    readonly namesake: AgentRecord | null;
  }>;
  commitAgent(commit: AgentCommit): Promise<CommitResult>;
  /** The agent (or, with `successor`, the newest one that replaced it) and its newest report. */
  readState(agentId: string): Promise<{ readonly agent: Agent; readonly report: Report | null } | null>;
  listAgents(page: { readonly after: string | null; readonly limit: number }): Promise<readonly Agent[]>;
  readHistory(
    agentId: string,
    page: { readonly after: string | null; readonly limit: number },
  ): Promise<readonly HistoryRow[] | null>;

  /** Appends a revision unless the newest one is equal. Under a claim: only while it is held, marked in the commit. */
  saveDefinition(definition: UnsavedDefinition, needs: Needs, claim?: Claim | null): Promise<SavedDefinition>;
  /** The same with its audit row; `null`: stale, the newest revision is not the audited one's `before` any more. */
  saveDefinition(
    definition: UnsavedDefinition,
    needs: Needs,
    claim: Claim | null,
    audit: AuditCommit,
  ): Promise<SavedDefinition | null>;
  readDefinition(workflowId: string, revision: number | null): Promise<DefinitionRecord | null>;
  /** The newest revision of each saved definition, without `body`. */
  listDefinitions(page: {
    readonly after: string | null;
    readonly limit: number;
  }): Promise<readonly DefinitionRecord[]>;

  /**
   * How tasks of other sessions were entered, without the items of a map, and what they came to: their events in order, by
   * the tasks' ids (`tsk_…`). Walks the log of each of those sessions.
   */
  readTaskEvents(
    tasks: readonly (readonly [sessionId: string, n: number])[],
  ): Promise<ReadonlyMap<string, readonly SessionEvent[]>>;
  /** Log rows of a stream in order, after `seq`. */
  readLog(stream: string, page: { readonly after: number; readonly limit: number }): Promise<readonly StoredLogRow[]>;

  /**
   * Sessions that are due, oldest first; those with a waiting task that a free agent could take now; and schedules that
   * are due, oldest first, or whose fire waits for a session that has ended.
   */
  toSweep(
    now: number,
    limits: { readonly due: number; readonly matched: number; readonly schedules: number },
  ): Promise<{
    readonly due: readonly string[];
    readonly matched: readonly string[];
    readonly schedules: readonly string[];
    /** Subscriptions that have something to send, the longest due first. */
    readonly webhooks: readonly string[];
    /** Whether Idempotency-Keys or deliveries of webhooks have expired. */
    readonly expired: boolean;
  }>;
  /** The earliest timer of all, sessions and schedules; `null` if there is none. */
  nextDue(): Promise<number | null>;
}
