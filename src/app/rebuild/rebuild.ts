import type { Clock } from "../ports.ts";
import type { RebuildStore } from "../rebuild-port.ts";
import { checkAgents } from "./check-agents.ts";
import { checkSessions, checkWaits } from "./check-sessions.ts";
import { checkDefinitions, graphsOf } from "./definitions.ts";
import type { Counts, Finding, Run } from "./findings.ts";
import { refuseUnreadable } from "./refuse-unreadable.ts";

export interface RebuildOptions {
  readonly store: RebuildStore;
  readonly clock: Clock;
  /** Repairs what can be repaired; otherwise nothing is written. */
  readonly write: boolean;
  /** With `write`: removes sessions and agents that have a row and no log, which are damage otherwise. */
  readonly removeUnknown?: boolean;
  /** Told of each finding as it is made, once. */
  readonly tell: (finding: Finding) => void;
}

/**
 * Folds every log anew and compares the rows with it: the log is the truth, rows are its cache. With `write`, rows
 * that differ are written from the log, each session and each agent in one batch, and read again; a row that has
 * moved on meanwhile is not written but looked at anew. A log that is damaged (a row missing, changed or unreadable, or
 * all of them gone while the row is there) is told of and left alone, and so is what hangs on it: of an agent that a
 * damaged session names, or whose row names one, only the registration is compared; an agent one of whose older or
 * newer ids has a damaged stream is not compared at all, which is told. Not seen: what a row that is gone or
 * unreadable did to an agent that nothing else names. A waiting task or a capability whose owner has neither row nor
 * log is removed.
 *
 * It may run beside a server when it only reads. Memory: one page of sessions, and the fleet. Reads the log three times.
 *
 * Covered: `sessions`, `waiting_tasks`, `agents`, `agent_capabilities`, `workflows.needs`. Not derivable from the log,
 * so kept as they are, or lost with a missing row:
 * - `sessions.idempotency_key`, `body_hash`: what a caller sent along with a start, or the fire of a schedule. `due_at` has bounds only, because
 *   what became of a delivery is not in the log: see `timerOf`. A timer written anew fires early, which is harmless.
 * - `agents.seq`: a guard, raised by deliveries too. `contact_at`: at least what the log says; heartbeats and
 *   registrations that were no news make it later. Of `tasks`, what is noted of a delivery in flight (`transport`, `confirmedAt`, `answer`,
 *   `beatAt`, `left`, …): an attempt put back has no outcome and is sent again after its lease. `reached_by_agentkit` after a
 *   late result: noted only if the row was at hand.
 * - `workflows` (but `needs`), `agent_log` and `schedules` are sources, no cache: definitions, reports and schedules as
 *   they came; of a schedule also what it decided and started so far.
 * - `log.pos`, `log.cause` and `log.tx` are of the log itself.
 *
 * Throws `UnreadableLog`, having written nothing, if a newer release has written to the log: a row of a newer version,
 * or a type of event that is not known here.
 */
export const rebuild = async ({
  store,
  clock,
  write,
  removeUnknown = false,
  tell,
}: RebuildOptions): Promise<Counts> => {
  await refuseUnreadable(store);
  const counts: Counts = {
    sessions: 0,
    agents: 0,
    waitingTasks: 0,
    capabilities: 0,
    definitions: 0,
    logRows: 0,
    events: 0,
    moving: 0,
  };
  const run: Run = {
    store,
    clock,
    write,
    removeUnknown: write && removeUnknown,
    counts,
    damaged: new Set(),
    doubtful: new Set(),
    tell,
  };
  await checkDefinitions(run);
  await checkSessions(run, graphsOf(run));
  await checkWaits(run);
  await checkAgents(run);
  return counts;
};
