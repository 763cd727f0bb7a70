import type { Agent } from "../../core/agent/agent.ts";
import { effectOf, withEffect, type AgentEffect } from "../../core/agent/effects.ts";
import { AGENT_EVENTS, type AgentEvent } from "../../core/agent/events.ts";
import { evolveAgent, inPlaceOf, newAgent } from "../../core/agent/evolve.ts";
import { isSessionId } from "../../core/ids.ts";
import { SESSION_EVENTS, type SessionEvent } from "../../core/session/events.ts";
import type { RawLogRow } from "../rebuild-port.ts";
import { doubtAgentsIn } from "./doubt.ts";
import { tellDamage, UnreadableLog, type Run } from "./findings.ts";
import { AGENT_STREAM, chainFault, eventsOf, refuseNewer, START, type StreamEnd } from "./read-log.ts";

/** An agent as all logs have it: its own stream, and what the events of sessions did to it. */
export interface Member {
  agent: Agent;
  end: StreamEnd;
  /** The nonce of the newest commit of its own registration; that by which a newer id replaced it leaves it alone. */
  tx: string;
  claimedAt: number;
  /** A late result that came through AgentKit, which is noted on the agent only if its row was at hand. */
  reachedLate: boolean;
  /** Older and newer ids of it, as far as its own stream names them. */
  readonly kin: Set<string>;
}

const later = (one: number | null, other: number | null): number | null =>
  one === null ? other : Math.max(one, other ?? one);

const ownEvent = (fleet: Map<string, Member>, member: Member, event: AgentEvent, at: number): Agent => {
  const { id } = member.agent;
  const agent = evolveAgent(member.agent, event, id, at);
  // Contact never goes back, even if clocks do.
  const known = { ...agent, contactAt: later(agent.contactAt, member.agent.contactAt) };
  const older = (old: string | null): Agent => {
    const replaced = old === null ? undefined : fleet.get(old);
    return replaced === undefined ? known : inPlaceOf(known, replaced.agent);
  };
  if (event.type === "AgentRegistered") return older(event.replaces);
  if (event.type !== "AgentSuperseded") return known;
  if (event.agentId !== id) return older(event.agentId);
  // Who went by way of this id goes straight to the newest.
  for (const alias of known.aliases) {
    const other = fleet.get(alias);
    if (other?.agent.admission !== "superseded" || alias === event.by) continue;
    other.agent = { ...other.agent, supersededBy: event.by };
  }
  return known;
};

/** Ids that an event names besides the one whose stream it is in. */
const namedBy = (event: AgentEvent): readonly (string | null)[] =>
  event.type === "AgentRegistered"
    ? [event.replaces]
    : event.type === "AgentSuperseded"
      ? [event.agentId, event.by]
      : [];

/** Folds a row of an agent's own stream; why it cannot be, in words, or `null`. */
const foldOwn = (run: Run, fleet: Map<string, Member>, member: Member, row: RawLogRow): string | null => {
  const { id } = member.agent;
  try {
    const events = eventsOf<AgentEvent>(row, AGENT_EVENTS);
    for (const event of events) {
      member.agent = ownEvent(fleet, member, event, row.at);
      for (const named of namedBy(event)) if (named !== null && named !== id) member.kin.add(named);
    }
    const replacedOnly = events.length === 1 && events[0]?.type === "AgentSuperseded" && events[0].agentId === id;
    if (!replacedOnly) member.tx = row.tx;
    member.end = { seq: row.seq, hash: row.hash };
    run.counts.events += events.length;
    return null;
  } catch (error) {
    if (error instanceof UnreadableLog) throw error;
    return `it cannot be folded: ${String(error)}`;
  }
};

const effect = (member: Member, change: AgentEffect): void => {
  if (change.kind === "reached") {
    member.reachedLate = true;
    return;
  }
  const before = member.agent.contactAt;
  const agent = withEffect(member.agent, change);
  member.agent = { ...agent, contactAt: later(agent.contactAt, before) };
  if (change.kind === "claim") member.claimedAt = change.sentAt;
  else if (change.reachedByAgentKit !== null) member.reachedLate = false;
};

/**
 * Folds log rows of all streams, in the order of commits, into the fleet. The whole fleet is held in memory: agents
 * are few, and one may act on another. Call it with every row of the log once, after all sessions were folded: a row
 * that cannot be read is then of a stream in `run.damaged`.
 */
export const foldFleet = async (run: Run, fleet: Map<string, Member>, rows: readonly RawLogRow[]): Promise<void> => {
  for (const row of rows) {
    run.counts.logRows += 1;
    refuseNewer(row);
    if (isSessionId(row.stream)) {
      // Its rows may be anything: all that is taken from them is whom they name.
      if (run.damaged.has(row.stream)) {
        doubtAgentsIn(run, row.events);
        continue;
      }
      const events = eventsOf<SessionEvent>(row, SESSION_EVENTS);
      run.counts.events += events.length;
      for (const event of events) {
        const change = effectOf(event, row.stream, row.at);
        const member = change === null ? undefined : fleet.get(change.agentId);
        if (change !== null && member !== undefined) effect(member, change);
      }
    } else if (row.stream.startsWith(AGENT_STREAM)) {
      if (run.damaged.has(row.stream)) continue;
      const id = row.stream.slice(AGENT_STREAM.length);
      const member: Member = fleet.get(id) ?? {
        agent: newAgent(id, row.at),
        end: START,
        tx: row.tx,
        claimedAt: 0,
        reachedLate: false,
        kin: new Set(),
      };
      fleet.set(id, member);
      const fault = (await chainFault(member.end, row)) ?? foldOwn(run, fleet, member, row);
      if (fault !== null) tellDamage(run, row.stream, row.seq, fault);
    }
  }
};
