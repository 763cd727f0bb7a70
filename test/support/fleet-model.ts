/**
 * What a user may rely on, without events, rows or queues: agents that are free or not, sessions whose tasks are
 * done one after the other. Which free agent gets a task is the engine's choice; that one gets it is not.
 */

export interface ModelAgent {
  registered: boolean;
  capabilities: readonly string[];
  /** The state text reported last, and the attempt it spoke of. */
  state: string | null;
  tied: string | null;
  /** The attempt it holds; agents here take one at a time. */
  holds: string | null;
  /** It has said that it works on what it holds. */
  working: boolean;
  /** Attempts it settled itself. */
  readonly settled: Set<string>;
}

export interface ModelSession {
  readonly id: string;
  readonly capabilities: readonly string[];
  status: "open" | "completed" | "failed" | "cancelled";
  /** Outputs of the tasks done so far. */
  readonly outputs: unknown[];
  /** Of the task in turn. */
  attempts: number;
  used: number;
  flying: { readonly attemptId: string; readonly agentId: string } | null;
}

export const MAX_ATTEMPTS = 2;

export class FleetModel {
  readonly agents = new Map<string, ModelAgent>();
  readonly sessions = new Map<string, ModelSession>();
  /** Every settle call that was taken, to be said again. */
  readonly calls: { readonly path: string; readonly body: unknown; readonly text: string }[] = [];

  register(id: string, capabilities: readonly string[]): void {
    const known = this.agents.get(id);
    if (known !== undefined) {
      known.registered = true;
      known.capabilities = capabilities;
      return;
    }
    const fresh = { state: null, tied: null, holds: null, working: false, settled: new Set<string>() };
    this.agents.set(id, { registered: true, capabilities, ...fresh });
  }

  deregister(id: string): void {
    const agent = this.agents.get(id)!;
    agent.registered = false;
    const session = this.holding(agent);
    if (session !== null) this.release(session);
  }

  start(id: string, capabilities: readonly string[]): void {
    this.sessions.set(id, { id, capabilities, status: "open", outputs: [], attempts: 0, used: 0, flying: null });
  }

  cancel(session: ModelSession): void {
    this.release(session);
    session.status = "cancelled";
  }

  /** The agent says how its attempt went. */
  settle(session: ModelSession, result: { readonly output: unknown } | "failed"): void {
    const { attemptId, agentId } = session.flying!;
    this.agents.get(agentId)!.settled.add(attemptId);
    this.release(session);
    if (result !== "failed") {
      session.outputs.push(result.output);
      session.attempts = 0;
      session.used = 0;
      if (session.outputs.length === session.capabilities.length) session.status = "completed";
      return;
    }
    session.used += 1;
    if (session.used === MAX_ATTEMPTS) session.status = "failed";
  }

  /** A state report that names no task. */
  report(id: string, state: string): void {
    const agent = this.agents.get(id)!;
    const session = this.holding(agent);
    agent.state = state;
    agent.tied = agent.holds;
    if (session === null) return;
    if (state === "active") agent.working = true;
    if (state === "error") this.settle(session, "failed");
    if (state === "idle" && agent.working) this.settle(session, { output: null });
  }

  /** The engine has given the session's task away. Throws if it may not have. */
  given(session: ModelSession, attemptId: string, agentId: string): void {
    const agent = this.agents.get(agentId);
    const what = `${attemptId} to ${agentId}`;
    if (agent === undefined || !this.isFree(agent)) throw new Error(`${what}: it is not free`);
    if (!agent.capabilities.includes(this.wants(session)!)) throw new Error(`${what}: it cannot do that`);
    if (!attemptId.endsWith(`:${session.attempts + 1}`))
      throw new Error(`${what}: attempt ${session.attempts} came before`);
    session.attempts += 1;
    session.flying = { attemptId, agentId };
    agent.holds = attemptId;
    agent.working = false;
  }

  /** Tasks that wait although an agent could take them. */
  forgotten(): readonly string[] {
    return [...this.sessions.values()]
      .filter((session) => {
        const wanted = session.flying === null ? this.wants(session) : null;
        return (
          wanted !== null &&
          [...this.agents.values()].some((one) => this.isFree(one) && one.capabilities.includes(wanted))
        );
      })
      .map(({ id }) => id);
  }

  wants({ status, capabilities, outputs }: ModelSession): string | null {
    return status === "open" ? capabilities[outputs.length]! : null;
  }

  isFree({ registered, holds, state, tied, settled }: ModelAgent): boolean {
    if (!registered || holds !== null) return false;
    if (state === null || state === "idle") return true;
    return state !== "lunch" && tied !== null && settled.has(tied);
  }

  holding({ holds }: ModelAgent): ModelSession | null {
    return [...this.sessions.values()].find(({ flying }) => flying !== null && flying.attemptId === holds) ?? null;
  }

  release(session: ModelSession): void {
    if (session.flying === null) return;
    const agent = this.agents.get(session.flying.agentId)!;
    agent.holds = null;
    agent.working = false;
    session.flying = null;
  }
}
