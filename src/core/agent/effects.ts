import type { SessionEvent } from "../session/events.ts";
import type { Agent, InFlight } from "./agent.ts";

/** How many settled attempts an agent row remembers: enough to tell which attempt its newest report spoke of. */
const REMEMBERED = 16;

/** A reported start this soon after the dispatch, with the end clearly later, shows a prompt reporter. */
const PROMPT_MS = 10_000;
const APART_MS = 1_000;

/** What one session event does to the row of an agent. `contactAt` and `missedAt`: epoch ms. */
export type AgentEffect =
  | {
      readonly kind: "claim";
      readonly agentId: string;
      readonly attemptId: string;
      readonly sessionId: string;
      readonly sentAt: number;
      readonly again: boolean;
    }
  | {
      readonly kind: "release";
      readonly agentId: string;
      readonly attemptId: string;
      /** The agent itself settled it (report, call or answer to the delivery), or may have while we were away. */
      readonly settled: boolean;
      readonly missedAt: number | null;
      /** Set when the agent was in touch by other means than a state report. */
      readonly contactAt: number | null;
      /** What the attempt showed of the way through AgentKit; `null`: nothing. */
      readonly reachedByAgentKit: boolean | null;
      readonly reportsPromptly: boolean | null;
    }
  | { readonly kind: "reached"; readonly agentId: string };

/** What this attempt taught about the agent: does it say *working* when it starts, or only when it has finished? */
const promptness = (trace: { sentAt: number; startedAt: number | null }, at: number): boolean | null => {
  if (trace.startedAt === null) return null;
  if (trace.startedAt - trace.sentAt <= PROMPT_MS && at - trace.startedAt >= APART_MS) return true;
  return trace.startedAt - trace.sentAt > PROMPT_MS && at - trace.startedAt < APART_MS ? false : null;
};

/** The effect of an event on the agent it names, or `null`. `at`: the event's time, epoch ms. */
export const effectOf = (event: SessionEvent, sessionId: string, at: number): AgentEffect | null => {
  switch (event.type) {
    case "DispatchRequested":
      return {
        kind: "claim",
        agentId: event.agentId,
        attemptId: event.attemptId,
        sessionId,
        sentAt: at,
        again: event.again,
      };
    case "TaskCompleted":
      return {
        kind: "release",
        agentId: event.agentId,
        attemptId: event.attemptId,
        settled: true,
        missedAt: null,
        contactAt: event.via === "call" ? at : null,
        reachedByAgentKit: event.trace.transport === "agentkit" ? true : null,
        reportsPromptly: promptness(event.trace, at),
      };
    case "AttemptEnded": {
      const silent = event.outcome === "run_deadline" && event.trace.startedAt === null;
      // We were away: its "idle" may have come when nobody was there to hear it, and it will not say so again.
      const unheard = event.outcome === "run_deadline" && !event.counts;
      return {
        kind: "release",
        agentId: event.agentId,
        attemptId: event.attemptId,
        settled:
          unheard || event.outcome === "failed" || event.outcome === "rejected" || event.outcome === "agent_error",
        // Silence after a delivery we know of speaks against the agent; after AgentKit's word, against AgentKit.
        missedAt: silent && event.trace.transport === "direct" && event.counts ? at : null,
        contactAt: event.via === "call" || event.outcome === "rejected" || event.outcome === "agent_error" ? at : null,
        reachedByAgentKit:
          event.trace.transport !== "agentkit"
            ? null
            : event.outcome === "failed" || event.trace.startedAt !== null || (silent ? false : null),
        reportsPromptly: null,
      };
    }
    case "LateResultRecorded":
      return event.transport === "agentkit" && event.reason === "stale_attempt"
        ? { kind: "reached", agentId: event.agentId }
        : null;
    default:
      return null;
  }
};

/** The newest, but never without the attempt its newest report spoke of: else that report would count again. */
const remember = (agent: Agent, attemptId: string): readonly string[] => {
  const all = [...agent.settled, attemptId];
  const tied = all.slice(0, -REMEMBERED).filter((id) => id === agent.newest?.attemptId);
  return [...tied, ...all.slice(tied.length - REMEMBERED)];
};

/** The agent after the effect, as its row will read once the commit has raised `seq` (which this does not). */
export const withEffect = (agent: Agent, effect: AgentEffect): Agent => {
  switch (effect.kind) {
    case "claim": {
      // Sent again, the attempt stays what it was: what was heard about it since still counts.
      const held: InFlight = agent.tasks[effect.attemptId] ?? {
        sessionId: effect.sessionId,
        sentAt: effect.sentAt,
        lastSentMicros: agent.newest?.sentMicros ?? null,
      };
      return { ...agent, tasks: { ...agent.tasks, [effect.attemptId]: { ...held, sentAt: effect.sentAt } } };
    }
    case "release": {
      const { [effect.attemptId]: _released, ...tasks } = agent.tasks;
      return {
        ...agent,
        tasks,
        settled: effect.settled ? remember(agent, effect.attemptId) : agent.settled,
        missedAt: effect.missedAt ?? agent.missedAt,
        contactAt: effect.contactAt ?? agent.contactAt,
        reachedByAgentKit: effect.reachedByAgentKit ?? agent.reachedByAgentKit,
        reportsPromptly: effect.reportsPromptly ?? agent.reportsPromptly,
      };
    }
    case "reached":
      return { ...agent, reachedByAgentKit: true };
  }
};
