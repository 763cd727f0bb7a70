import type { Agent } from "./agent.ts";

/** After this long without contact an agent is shown as quiet. Quiet agents still get work. */
const QUIET_AFTER_MS = 5 * 60_000;

export type Liveness = "live" | "quiet" | "lost";

export type Availability =
  | { readonly available: true }
  | {
      readonly available: false;
      readonly code: "agent_gone" | "agent_lost" | "agent_busy" | "agent_not_free";
      readonly message: string;
    };

/** Epoch ms of the last thing heard from the agent; its registration counts. */
export const lastContactAt = (agent: Agent): number =>
  Math.max(agent.registeredAt, agent.contactAt ?? 0, agent.newest?.receivedAt ?? 0);

/** A lost agent is given one task again after this long: one without work would never say that it is back. */
export const LOST_MS = 10 * 60_000;

/**
 * `lost` is a presumption: it took a task and let the run deadline pass in silence, and has not been heard of
 * since. One fresh report reverses it, and so does time. Silence alone is only `quiet`: agents without work
 * have nothing to say.
 */
export const livenessOf = (agent: Agent, now: number): Liveness => {
  if (isLost(agent, now)) return "lost";
  return now - lastContactAt(agent) > QUIET_AFTER_MS ? "quiet" : "live";
};

/** Presumed lost: see `livenessOf`. Without `now` (epoch ms) the presumption does not expire. */
export const isLost = (agent: Agent, now = 0): boolean =>
  agent.missedAt !== null && agent.missedAt >= lastContactAt(agent) && now - agent.missedAt < LOST_MS;

const no = (code: "agent_gone" | "agent_lost" | "agent_busy" | "agent_not_free", message: string): Availability => ({
  available: false,
  code,
  message,
});

const nameOf = ({ name, id }: Agent): string => (name === "" ? id : `${name} (${id})`);

/** Whether the agent is there at all, whatever it does now: enough for a tool, which takes no place of its tasks. */
export const presenceOf = (agent: Agent, now: number): Availability => {
  if (agent.admission === "deregistered" || agent.admission === "superseded") {
    return no("agent_gone", `agent ${nameOf(agent)} is ${agent.admission}`);
  }
  if (isLost(agent, now)) {
    return no("agent_lost", `agent ${nameOf(agent)} was given a task and has not been heard of since`);
  }
  return { available: true };
};

/** Whether the agent can take one more task now and, if not, which of its truths says no. */
export const availabilityOf = (agent: Agent, now = 0): Availability => {
  const presence = presenceOf(agent, now);
  if (!presence.available) return presence;
  const who = nameOf(agent);
  const held = Object.keys(agent.tasks);
  if (held.length >= agent.capacity) {
    return no("agent_busy", `agent ${who} is working on ${held.slice(0, 3).join(", ")}`);
  }
  const report = agent.newest;
  if (report === null || report.meaning === "free") return { available: true };
  // A report tied to an attempt speaks of that attempt: once settled by the agent it is history, and while
  // in flight the attempt itself takes the place.
  const tied = report.attemptId;
  if (report.meaning !== "other" && tied !== null && (agent.settled.includes(tied) || held.includes(tied))) {
    return { available: true };
  }
  return no("agent_not_free", `agent ${who} reports "${report.state.slice(0, 64)}"`);
};
