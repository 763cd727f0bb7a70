import { availabilityOf, presenceOf } from "../agent/availability.ts";
import type { Agent } from "../agent/agent.ts";
import type { Work } from "../workflow/definition.ts";
import { targetOf } from "../workflow/graph.ts";
import { workOf, type Facts } from "./facts.ts";
import type { NoAgent, OpenTask, TaskError } from "./state.ts";

export interface Route {
  /** Where the task waits if nobody is free. */
  readonly queue: string;
  /** Who may take it, best first. */
  readonly candidates: readonly string[];
  /** Something odd about the choice that an operator should know. */
  readonly warning: TaskError | null;
  /** Set when nobody at all fits. */
  readonly nobody: NoAgent | null;
  /** A tool is invoked, which takes no place from the tasks of its agent. */
  readonly tool: boolean;
}

type Way = Omit<Route, "tool">;

const toAgent = (facts: Facts, agentId: string, warning: TaskError | null = null): Way => {
  const id = facts.newest.get(agentId) ?? agentId;
  const known = facts.agents.has(id);
  return {
    queue: `agent:${id}`,
    candidates: known ? [id] : [],
    warning,
    nobody: known ? null : { code: "agent_unknown", message: `agent ${agentId} is not registered` },
  };
};

/**
 * Who works: an `agentId` in the task; else the session's home agent for its first task, and for later ones
 * if it has the capability or nobody registered has it; else any agent that has it. `rejectedBy`: see `OpenTask`.
 */
export const routeOf = (task: OpenTask, facts: Facts, home: string | null): Route => {
  const work = workOf(facts.graph, task);
  return { ...wayOf(task, work, facts, home), tool: work.type === "tool" };
};

const wayOf = (task: OpenTask, work: Work, facts: Facts, home: string | null): Way => {
  const { rejectedBy } = task;
  const target = targetOf(work) ?? { kind: "home" as const };
  if (target.kind === "agent") return toAgent(facts, target.agentId);
  const first = facts.graph.starts[0] === task.taskId && task.item === undefined;
  // A home agent that said no does not get the task again; others with the capability may.
  const rejects = home !== null && target.kind === "capability" && rejectedBy.includes(facts.newest.get(home) ?? home);
  if (home !== null && !rejects && (first || target.kind === "home")) return toAgent(facts, home);
  if (target.kind === "home") {
    const nobody: NoAgent = {
      code: "no_target",
      message: "the task names no agent and no capability, and the session has no home agent",
    };
    return { queue: "none", candidates: [], warning: null, nobody };
  }
  return toCapable(target.capability, facts, rejects ? null : home);
};

const toCapable = (capability: string, facts: Facts, home: string | null): Way => {
  const capable = facts.capable.get(capability);
  if (home !== null) {
    const agent = facts.agents.get(facts.newest.get(home) ?? home);
    if (agent?.capabilities.includes(capability) === true) return toAgent(facts, home);
    if (capable?.registered !== true) {
      return toAgent(facts, home, {
        code: "capability_missing",
        message: `no registered agent has capability "${capability}": the home agent takes the task`,
      });
    }
  }
  return {
    queue: `cap:${capability}`,
    candidates: capable?.agentIds ?? [],
    warning: null,
    nobody:
      capable?.registered === true
        ? null
        : { code: "no_agent", message: `no registered agent has capability "${capability}"` },
  };
};

/** The first candidate that can take the task now, or why there is none. */
export const pickAgent = (
  route: Route,
  task: OpenTask,
  agents: ReadonlyMap<string, Agent>,
  now: number,
): { readonly agent: Agent } | { readonly agent: null; readonly why: NoAgent } => {
  if (route.nobody !== null) return { agent: null, why: route.nobody };
  let why: NoAgent = { code: "no_free_agent", message: `no agent for ${route.queue.slice(4)} is free` };
  for (const id of route.candidates) {
    const agent = agents.get(id);
    if (agent === undefined) continue;
    if (task.rejectedBy.includes(id)) {
      why = { code: "agent_rejected", message: `agent ${id} rejected this task before` };
      continue;
    }
    const availability = route.tool ? presenceOf(agent, now) : availabilityOf(agent, now);
    if (availability.available) return { agent };
    why = { code: availability.code, message: availability.message };
  }
  return { agent: null, why };
};
