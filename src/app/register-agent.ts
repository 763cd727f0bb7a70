import type { Agent } from "../core/agent/agent.ts";
import type { AgentEvent, Registration } from "../core/agent/events.ts";
import { evolveAgent, inPlaceOf } from "../core/agent/evolve.ts";
import { wakeSessions } from "./advance-session.ts";
import type { AuditEntry } from "./audit-port.ts";
import { agentForm } from "./audit/forms.ts";
import { auditEntry, withAudit } from "./audit/record.ts";
import { contention, MAX_TRIES } from "./tries.ts";
import { randomHex, type Deps } from "./deps.ts";
import { OpsError } from "./ops-error.ts";
import { logRow, type Cause } from "./log-row.ts";
import type { AgentCommit, AgentRecord, LogRow } from "./store-port.ts";

export type RegistrationResult = "created" | "updated" | "unchanged" | "outdated";

const nextRow = (
  record: AgentRecord | null,
  agentId: string,
  now: number,
  cause: Cause,
  ...events: readonly AgentEvent[]
): Promise<LogRow> =>
  logRow({ stream: `agent:${agentId}`, seq: (record?.logSeq ?? 0) + 1, at: now }, cause, events, record?.logHash ?? "");

/** What an agent is registered with. `signedAt` null: said just now and unsigned, so nothing known is newer. */
export type RegistrationWish = Omit<Registration, "signedAt"> & { readonly signedAt: number | null };

const newerThan = (now: number, ...known: readonly (AgentRecord | null)[]): number =>
  Math.max(Math.floor(now / 1_000), ...known.map((record) => record?.agent.signedAt ?? 0));

const same = (agent: Agent, registration: Registration): boolean =>
  agent.admission === "registered" &&
  JSON.stringify([
    agent.name,
    agent.version,
    agent.capabilities,
    agent.contactEndpoint,
    agent.metadata,
    agent.signedAt,
  ]) ===
    JSON.stringify([
      registration.name,
      registration.version,
      registration.capabilities,
      registration.contactEndpoint,
      registration.metadata,
      registration.signedAt,
    ]);

const commit = async (
  deps: Deps,
  agentCommit: Omit<AgentCommit, "nonce" | "report" | "audit">,
  entry: AuditEntry | null = null,
): Promise<boolean> => {
  const nonce = randomHex(deps.entropy, 12);
  const result = await withAudit(deps, entry, agentCommit.now, (audit) =>
    deps.store.commitAgent({ ...agentCommit, nonce, report: null, ...(audit === null ? {} : { audit }) }),
  );
  if (result.kind === "stale") return false;
  wakeSessions(deps, result.wake);
  return true;
};

/** What is recorded of a registration by an operator: nothing, if it says what is known. */
const entryFor = async (cause: Cause, before: Agent | null, after: Agent): Promise<AuditEntry | null> => {
  if (cause.action === undefined) return null;
  const [old, now] = await Promise.all([agentForm(before), agentForm(after)]);
  return old === now ? null : auditEntry(cause, { kind: "agent", id: after.id }, old, now);
};

/** The late registration of an id that a newer one of the same name has replaced already. */
const registerReplaced = async (
  deps: Deps,
  own: AgentRecord | null,
  agent: Agent,
  winner: AgentRecord,
  event: AgentEvent,
  cause: Cause,
  now: number,
): Promise<boolean> => {
  const by: AgentEvent = { type: "AgentSuperseded", agentId: agent.id, by: winner.agent.id };
  const replaced = evolveAgent(agent, by, agent.id, now);
  const log = await nextRow(own, agent.id, now, cause, event, by);
  const late = {
    seq: own?.agent.seq ?? null,
    agent: replaced,
    log,
    superseded: null,
    namesake: winner.agent.id,
    // What waited for this id goes to the newer one.
    reroute: [`agent:${agent.id}`],
    now,
  };
  const done = await commit(deps, late, await entryFor(cause, own?.agent ?? null, replaced));
  if (!done) return false;
  const heir = inPlaceOf(winner.agent, replaced);
  const heirLog = await nextRow(winner, heir.id, now, cause, by);
  // The alias saves a detour and no more: what waits for the old id is rerouted above, in the commit itself.
  await commit(deps, { seq: winner.agent.seq, agent: heir, log: heirLog, superseded: null, reroute: [], now });
  return true;
};

/**
 * Registers an agent, or updates one that is known: state and work are kept. Facts are ordered by the time
 * they were signed; an older one changes nothing and is `outdated`. A new id for the name of a registered
 * agent is that agent restarted: the old id is superseded and its attempts end at their next tick; 403 if the caller may
 * not speak for that one.
 */
export const registerAgent = async (
  deps: Deps,
  agentId: string,
  wish: RegistrationWish,
  cause: Cause,
  speaksFor: readonly string[] | null = null,
): Promise<RegistrationResult> => {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const now = deps.clock.now();
    const { agent: own, namesake } = await deps.store.loadAgent(agentId, wish.name);
    if (namesake !== null && speaksFor !== null && !speaksFor.includes(namesake.agent.id)) {
      throw new OpsError(
        "forbidden",
        `The name is that of the agent ${namesake.agent.id}, which the key may not replace`,
      );
    }
    const registration = { ...wish, signedAt: wish.signedAt ?? newerThan(now, own, namesake) };
    if (own !== null && registration.signedAt < own.agent.signedAt) return "outdated";
    if (own !== null && same(own.agent, registration)) return "unchanged";
    const replaces = namesake === null || namesake.agent.signedAt > registration.signedAt ? null : namesake;
    const event: AgentEvent = {
      type: "AgentRegistered",
      agentId,
      replaces: replaces?.agent.id ?? null,
      ...registration,
    };
    const agent = evolveAgent(own?.agent ?? null, event, agentId, now);
    const before = own?.agent.supersededBy ?? null;
    const done =
      namesake !== null && replaces === null
        ? await registerReplaced(deps, own, agent, namesake, event, cause, now)
        : await commit(
            deps,
            {
              seq: own?.agent.seq ?? null,
              agent: replaces === null ? agent : inPlaceOf(agent, replaces.agent),
              log: await nextRow(own, agentId, now, cause, event),
              superseded:
                replaces === null
                  ? null
                  : {
                      seq: replaces.agent.seq,
                      agent: replaces.agent,
                      log: await nextRow(replaces, replaces.agent.id, now, cause, {
                        type: "AgentSuperseded",
                        agentId: replaces.agent.id,
                        by: agentId,
                      }),
                    },
              namesake: namesake?.agent.id ?? null,
              // An id that comes back takes up what had gone on to its successor.
              reroute: before === null ? [] : [`agent:${before}`],
              now,
            },
            await entryFor(cause, own?.agent ?? null, agent),
          );
    if (done) return own === null ? "created" : "updated";
  }
  throw contention();
};

/**
 * Takes an agent out of service; its attempts in flight end at their next tick. Also remembered for an id
 * never seen, so that an older registration which arrives later does not undo it.
 */
export const deregisterAgent = async (
  deps: Deps,
  agentId: string,
  signed: number | null,
  cause: Cause,
): Promise<RegistrationResult> => {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const now = deps.clock.now();
    const { agent: own } = await deps.store.loadAgent(agentId, null);
    const signedAt = signed ?? newerThan(now, own);
    if (own !== null && signedAt < own.agent.signedAt) return "outdated";
    if (own?.agent.admission === "superseded") return "unchanged";
    if (own?.agent.admission === "deregistered" && own.agent.signedAt === signedAt) return "unchanged";
    const event: AgentEvent = { type: "AgentDeregistered", agentId, signedAt };
    const agent = evolveAgent(own?.agent ?? null, event, agentId, now);
    const log = await nextRow(own, agentId, now, cause, event);
    if (await commit(deps, { seq: own?.agent.seq ?? null, agent, log, superseded: null, reroute: [], now })) {
      return own === null ? "created" : "updated";
    }
  }
  throw contention();
};
