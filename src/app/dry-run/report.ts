import type { Fault } from "../../contract/problem.ts";
import type { Json, JsonObject } from "../../core/json.ts";
import { EVENT_VERSION } from "../../core/session/events.ts";
import { dueAt } from "../../core/session/deadlines.ts";
import { tasksView, type ReadStatus, type TaskView } from "../../core/session/view.ts";
import { waitingFor } from "../../core/session/waiting-for.ts";
import { hideSecrets } from "../../core/workflow/secret-marker.ts";
import { jsonBytes } from "../../core/workflow/json-size.ts";
import { logRow } from "../log-row.ts";
import { summaryOf, type SessionDetail, type SessionLogRow } from "../read-session.ts";
import { DRY_RUN } from "./play.ts";
import type { DryRun, Stop } from "./run.ts";
import type { VirtualRow } from "./virtual-session.ts";

/** So many bytes of JSON of the answer go to the tasks, and to the log. */
const TASKS_BYTES = 384 * 1024;
const LOG_BYTES = 512 * 1024;

/** What a row, an event or an attempt has in the answer besides what is measured: times, ids, hashes, actors. */
const ROW_BYTES = 400;
const EVENT_BYTES = 80;
const ATTEMPT_BYTES = 100;

/** How many there are of something of which not all fits. */
interface Cut {
  readonly shown: number;
  readonly of: number;
}

/** What a dry run came to. */
export interface DryRunReport {
  /** As the session's own, but `waiting` too where nothing has been given to an agent before. */
  readonly status: ReadStatus;
  readonly stopped: Stop | null;
  /** In virtual time (ms). */
  readonly elapsedMs: number;
  readonly session: SessionDetail;
  readonly log: readonly SessionLogRow[];
  /** As the validation of the definition has them. */
  readonly warnings: readonly Fault[];
  readonly defaulted: readonly string[];
  readonly unused: readonly string[];
  /** What the answer leaves out; `null`: nothing. */
  readonly truncated: { readonly tasks: Cut; readonly log: Cut } | null;
}

/** As many from the beginning as fit. */
const fitting = <T>(list: readonly T[], bytes: number, sizeOf: (one: T, most: number) => number): readonly T[] => {
  let left = bytes;
  const end = list.findIndex((one) => (left -= sizeOf(one, left)) < 0);
  return end === -1 ? list : list.slice(0, end);
};

const taskBytes = (task: TaskView, most: number): number =>
  jsonBytes(task as unknown as Json, most) + ATTEMPT_BYTES * (1 + task.attempts.length);

const rowBytes = ({ events }: VirtualRow, most: number): number =>
  jsonBytes(events as unknown as Json, most) + ROW_BYTES + EVENT_BYTES * events.length;

const withoutSecrets = (task: TaskView): TaskView => ({
  ...task,
  parameters: hideSecrets(task.parameters) as JsonObject,
});

/** Rows as a store would give them, chained by their hashes. */
const storedRows = async (stream: string, rows: readonly VirtualRow[]): Promise<readonly SessionLogRow[]> => {
  const stored: SessionLogRow[] = [];
  for (const { seq, at, command, events } of rows) {
    const cause = { command, actor: DRY_RUN, requestId: null };
    const row = await logRow({ stream, seq, at }, cause, events, stored.at(-1)?.hash ?? "");
    const parsed = hideSecrets(events as unknown as Json) as unknown as SessionLogRow["parsed"];
    stored.push({ ...row, cause, pos: seq, v: EVENT_VERSION, parsed });
  }
  return stored;
};

/** A dry run as it is answered: 1 MiB at most. */
export const reportOf = async (run: DryRun, warnings: readonly Fault[]): Promise<DryRunReport> => {
  const { state, facts, rows, now, stopped } = run;
  const tasks = tasksView(state, rows, facts).map(withoutSecrets);
  const shownTasks = fitting(tasks, TASKS_BYTES, taskBytes);
  const shownRows = fitting(rows, LOG_BYTES, rowBytes);
  const isWhole = shownTasks.length === tasks.length && shownRows.length === rows.length;
  const summary = summaryOf(state, waitingFor(state, facts, now), dueAt(state, facts));
  return {
    status: stopped?.code === "waiting" ? "waiting" : summary.status,
    stopped,
    elapsedMs: now - state.startedAt,
    session: { ...summary, tasks: shownTasks },
    log: await storedRows(state.id, shownRows),
    warnings,
    defaulted: run.defaulted,
    unused: run.unused,
    truncated: isWhole
      ? null
      : {
          tasks: { shown: shownTasks.length, of: tasks.length },
          log: { shown: shownRows.length, of: rows.length },
        },
  };
};
