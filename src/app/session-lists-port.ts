import type { SessionStatusText } from "../contract/queries.ts";
import type { OpenTask, SessionState } from "../core/session/state.ts";

/** Which sessions are meant; every member that is not `null` must hold. Times are epoch ms. */
export interface SessionFilter {
  readonly statuses: readonly SessionStatusText[] | null;
  /** `waitingFor.code` as the list shows it. */
  readonly waitingFor: string | null;
  readonly workflowId: string | null;
  /** The agent it was started for, or one that works on it now. */
  readonly agentId: string | null;
  /** How it failed. */
  readonly errorCode: string | null;
  /** At or after. By its id, which carries the time of its start. */
  readonly startedFrom: number | null;
  readonly startedBefore: number | null;
  /** At or after. */
  readonly endedFrom: number | null;
  readonly endedBefore: number | null;
  /**
   * In its id, its workflow's id or the message it ended with; `A` to `Z` in either case. What begins with `ses_` is the
   * beginning of its id, which is found by seeking.
   */
  readonly text: string | null;
  /** The session that started it. */
  readonly parent: string | null;
  /** That no other session started. */
  readonly roots: true | null;
}

/** Which open tasks are meant. `phases` null: all. */
export interface OpenTaskFilter {
  readonly phases: readonly OpenTask["phase"][] | null;
  /** The agent that works on it now. */
  readonly agentId: string | null;
  readonly workflowId: string | null;
}

/** Where a list of tasks goes on: after the n-th task of that session. */
export interface TaskPlace {
  readonly sessionId: string;
  readonly n: number;
}

/** A part of a list. `next`: the place to go on after; it may be set on a part that is short, or empty. `null`: the end. */
export interface Part<T, P = string> {
  readonly rows: readonly T[];
  readonly next: P | null;
}

export interface SessionListRow {
  readonly state: SessionState;
  readonly dueAt: number | null;
}

export interface OpenTaskRow {
  readonly sessionId: string;
  readonly workflowId: string;
  readonly task: OpenTask;
  /** Its name in the definition; `null`: it has none but its id. */
  readonly name: string | null;
}

export interface SessionCounts {
  /** Sessions by the status that people read; those that occur. */
  readonly counts: Readonly<Partial<Record<SessionStatusText, number>>>;
  /** False: there were too many to look at all of them; these are the newest. */
  readonly exact: boolean;
}

interface Page<P = string> {
  readonly after: P | null;
  readonly limit: number;
}

/**
 * Lists over all sessions, newest first. Each call looks at a bounded number of rows, however many there are: with a
 * filter that few sessions pass a part is shorter than `limit` and says where to go on. Whoever follows `next` to the
 * end sees every row that was there, and passed, all along, and none twice.
 */
export interface SessionLists {
  listSessions(filter: SessionFilter, page: Page): Promise<Part<SessionListRow>>;
  /** Their ids only. */
  findSessions(filter: SessionFilter, page: Page): Promise<Part<string>>;
  countSessions(filter: SessionFilter): Promise<SessionCounts>;
  /** Open tasks of all sessions: the newest session's first, in the order in which they were created. */
  listOpenTasks(filter: OpenTaskFilter, page: Page<TaskPlace>): Promise<Part<OpenTaskRow, TaskPlace>>;
}
