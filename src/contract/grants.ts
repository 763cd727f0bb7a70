import { ID_PATTERN } from "./ids.ts";
import { SCOPES, type Scope } from "./operations/operation.ts";

/** Bundles of scopes. They are read anew at each check: a scope that a later release adds is in them at once. */
export const ROLES = ["viewer", "operator", "admin"] as const;

export type Role = (typeof ROLES)[number];

/** Scopes that may be had for one agent alone, as `state:write:writer-1`. */
export const AGENT_SCOPES = ["agents:read", "agents:write", "state:write", "tasks:write"] as const satisfies Scope[];

/** What one text among the scopes of a key gives. */
export interface Grant {
  readonly scopes: readonly Scope[];
  /** `null`: for all agents. */
  readonly agentId: string | null;
}

const GRANT = /^([a-z]+):(read|write|\*)(?::(.+))?$/;

/** `<resource>:read|write`, `<resource>:*` for both, with `:<agentId>` behind it for one agent; `null`: it is no scope. */
export const readGrant = (text: string): Grant | null => {
  const [, resource, verb, agentId = null] = GRANT.exec(text) ?? [];
  if (resource === undefined) return null;
  const wanted: readonly Scope[] = agentId === null ? SCOPES : AGENT_SCOPES;
  const scopes = wanted.filter((scope) => scope === `${resource}:${verb}` || (verb === "*" && isOf(scope, resource)));
  if (scopes.length === 0 || (agentId !== null && !ID_PATTERN.test(agentId))) return null;
  return { scopes, agentId };
};

const isOf = (scope: Scope, resource: string): boolean => scope.startsWith(`${resource}:`);

/** Who may use which keys, and who did what, is no business of everyone who looks at the fleet. */
const CONFIDENTIAL = ["keys", "audit"];

/** Words of the agents themselves: a person completes and fails tasks by `sessions:write`. */
const OF_AGENTS = ["state", "tasks"];

/**
 * `viewer` reads everything but keys and the audit log; `operator` does and changes everything but keys, and does not
 * speak for agents; `admin` may do all there is.
 */
export const scopesOfRole = (role: Role): readonly Scope[] => {
  if (role === "admin") return SCOPES;
  const reads = SCOPES.filter((scope) => scope.endsWith(":read") && !CONFIDENTIAL.some((one) => isOf(scope, one)));
  if (role === "viewer") return reads;
  return SCOPES.filter(
    (scope) => reads.includes(scope) || ![...OF_AGENTS, "keys"].some((resource) => isOf(scope, resource)),
  );
};
