import { REORDERED_MICROS, type Agent, type Report } from "../core/agent/agent.ts";
import { availabilityOf, isLost } from "../core/agent/availability.ts";
import { meaningOf } from "../core/agent/state-meaning.ts";
import { parseTaskRef, taskIdOf } from "../core/ids.ts";
import type { JsonObject } from "../core/json.ts";
import { interpretReport, taskNamedIn, type Interpretation, type NotApplied } from "../core/report/interpret.ts";
import { decide, type Answer } from "../core/session/decide.ts";
import { widened, type Needs } from "../core/session/needs.ts";
import { canonical } from "../core/workflow/canonical.ts";
import { adoptAgent } from "./adopt-agent.ts";
import { factsOf, publishCommit, wakeSessions } from "./advance-session.ts";
import { contention, loadWhole, MAX_TRIES, restBefore, withClock } from "./tries.ts";
import { commitDecision } from "./commit-decision.ts";
import type { Deps } from "./deps.ts";
import type { Cause } from "./log-row.ts";
import { sha256 } from "./sha256.ts";
import type { CommitResult, LoadedReport, ReportRow } from "./store-port.ts";

export interface StateReport {
  readonly agentId: string;
  /** The timestamp as sent, and as µs since the epoch. */
  readonly sent: string;
  readonly sentMicros: number;
  readonly state: string;
  readonly details: JsonObject | null;
}

/** `null`: plainly accepted. Otherwise the part that speaks of a task changed nothing, and why. */
export type ReportOutcome = { readonly applied: false; readonly reason: NotApplied } | null;

type Try =
  | { readonly done: ReportOutcome }
  | { readonly again: "stale" }
  | { readonly again: "history"; readonly of: string }
  | { readonly again: "facts"; readonly needs: Needs };

const refused = (reason: NotApplied): ReportOutcome => ({ applied: false, reason });

const outcomeOf = (answer: Answer): ReportOutcome => {
  if (answer.kind === "unknown") return refused("unknown_task");
  if (answer.kind !== "stale") return null;
  return refused(answer.reason === "other_agent" ? "other_agent" : "stale_attempt");
};

/**
 * A report's place among the agent's: when it was sent (µs), but never later than it was received. We know that
 * to the millisecond only, so all of the millisecond counts: two reports sent within it keep their order.
 */
const placeOf = (sentMicros: number, receivedAt: number): number => Math.min(sentMicros, receivedAt * 1_000 + 999);

const keyOf = (report: Report): number => placeOf(report.sentMicros, report.receivedAt);

/**
 * The agent's own clock knows best, until it says that a report is older by more than any delay: then the clock may have
 * been set back. The store places reports alike.
 */
const isNewer = (row: Report, than: Report): boolean => {
  const apart = row.sentMicros - than.sentMicros;
  return apart >= 0 || (apart < -REORDERED_MICROS && keyOf(row) >= keyOf(than));
};

/** The agent as it is once this report is stored: the newest report is its state, an older one changes nothing. */
const withReport = (agent: Agent, row: ReportRow): Agent =>
  agent.newest === null || isNewer(row, agent.newest) ? { ...agent, newest: row } : agent;

const insert = async (deps: Deps, agent: Agent, row: ReportRow): Promise<CommitResult> => {
  // A *working* report may free an agent too: one with several places, whose last word was on an attempt it no longer has.
  const opens = !availabilityOf(agent, row.receivedAt).available;
  const look =
    row.meaning === "free" ||
    isLost(agent) ||
    (opens && availabilityOf(withReport(agent, row), row.receivedAt).available);
  return deps.store.insertReport(row, agent.seq, look);
};

/** One try to take the report for an agent that is known. */
const take = async (
  deps: Deps,
  loaded: LoadedReport & { readonly agent: Agent },
  base: ReportRow,
  inFlight: ReadonlySet<string>,
  cause: Cause,
): Promise<Try> => {
  const { agent, session } = loaded;
  const tasks = Object.fromEntries(Object.entries(agent.tasks).filter(([id]) => inFlight.has(id)));
  const meant = taskNamedIn(base.details) === null ? { ...agent, tasks } : agent;
  const read: Interpretation = interpretReport(meant, base, loaded.pair, session?.state ?? null);
  const store = async (row: ReportRow): Promise<Try> => {
    const result = await insert(deps, agent, row);
    if (result.kind === "stale") return { again: "stale" };
    wakeSessions(deps, result.wake);
    return { done: row.outcome as ReportOutcome };
  };
  if (read.kind === "agent_only") return store({ ...base, attemptId: read.attemptId });
  if (read.kind === "not_applied") {
    return store({ ...base, attemptId: read.attemptId ?? null, outcome: { applied: false, reason: read.reason } });
  }
  const facts = factsOf(deps, loaded);
  if (facts === null || session === null)
    return store({ ...base, outcome: { applied: false, reason: "unknown_task" } });
  const tied: ReportRow = { ...base, attemptId: read.attemptId };
  const agents = new Map(facts.agents);
  const known = agents.get(agent.id);
  if (known !== undefined) agents.set(agent.id, withReport(known, tied));
  const command = withClock(deps, {
    type: "SettleAttempt",
    n: read.ref.n,
    attempt: read.ref.attempt,
    from: agent.id,
    via: "report",
    startedAt: read.startedAt,
    result: read.result,
    ...(read.usage === undefined ? {} : { usage: read.usage }),
  });
  const seen = { ...facts, agents };
  const decision = decide(session.state, command, seen, session.seq + 1);
  if (decision.answer.kind === "needs_history") return { again: "history", of: taskIdOf(session.state.id, read.ref.n) };
  if (decision.answer.kind === "needs_facts") {
    return { again: "facts", needs: widened(loaded.needs, decision.answer.needs) };
  }
  const outcome = outcomeOf(decision.answer);
  const row: ReportRow = { ...tied, outcome: outcome === null ? null : { ...outcome } };
  if (decision.events.length === 0) return store(row);
  const { result, dueAt } = await commitDecision(deps, {
    previous: session,
    decision,
    facts: seen,
    now: command.now,
    isTick: false,
    cause,
    report: row,
  });
  if (result.kind === "stale") return { again: "stale" };
  publishCommit(deps, decision, seen, result.wake, dueAt);
  return { done: outcome };
};

/**
 * Takes a state report of an agent, known or not: an unknown one is adopted provisionally. The same report
 * twice has one effect and one answer. The report and what it does to a session are one commit, or none.
 */
export const reportAgentState = async (deps: Deps, report: StateReport, cause: Cause): Promise<ReportOutcome> => {
  const receivedAt = deps.clock.now();
  const atMicros = placeOf(report.sentMicros, receivedAt);
  const digest = (await sha256(JSON.stringify([report.sent, report.state, canonical(report.details)]))).slice(0, 32);
  const base: ReportRow = {
    ...report,
    atMicros,
    digest,
    receivedAt,
    meaning: meaningOf(report.state),
    attemptId: null,
    outcome: null,
  };
  const named = taskNamedIn(report.details);
  const sessionId = named === null ? null : (parseTaskRef(named)?.sessionId ?? "");
  const load = (historyOf: string | null, needs: Needs | null): Promise<LoadedReport> =>
    loadWhole(needs, (all) =>
      deps.store.loadReport({
        agentId: report.agentId,
        ...{ atMicros, sentMicros: report.sentMicros, digest, sessionId, historyOf, needs: all },
      }),
    );
  const rounds = async (first: LoadedReport | null): Promise<ReportOutcome> => {
    let historyOf: string | null = null;
    let needs: Needs | null = null;
    let inFlight: ReadonlySet<string> | null = null;
    let ready = first;
    for (let tries = 0; tries < MAX_TRIES;) {
      const loaded: LoadedReport = ready ?? (await load(historyOf, needs));
      ready = null;
      if (loaded.repeated !== null) return loaded.repeated.outcome as ReportOutcome;
      const { agent } = loaded;
      if (agent === null) {
        // A report that names a task is taken in the next round, by the agent that now exists.
        const adopted = await adoptAgent(deps, report.agentId, named === null ? base : null, cause);
        if (adopted && named === null) return null;
        tries += 1;
        continue;
      }
      // A report without an id speaks of what was in flight when it came, not of what was given meanwhile.
      inFlight ??= new Set(Object.keys(agent.tasks));
      const outcome = await take(deps, { ...loaded, agent }, base, inFlight, cause);
      if ("done" in outcome) return outcome.done;
      if (outcome.again === "history") historyOf = outcome.of;
      else if (outcome.again === "facts") needs = outcome.needs;
      else {
        tries += 1;
        await restBefore(deps, tries);
      }
    }
    throw contention();
  };
  if (deps.turns === undefined) return await rounds(null);
  if (sessionId !== null) return await deps.turns.of(sessionId, () => rounds(null));
  // Whose turn it is shows with the first load; what was loaded may be stale when it comes.
  const first = await load(null, null);
  const work = (): Promise<ReportOutcome> => rounds(first);
  return first.session === null ? await work() : await deps.turns.of(first.session.state.id, work);
};
