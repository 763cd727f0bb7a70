import { readGrant, ROLES, scopesOfRole, type Role } from "../../contract/grants.ts";
import type { Scope } from "../../contract/operations/operation.ts";

/** What a credential may do. */
export interface Grants {
  /** For all agents, or where there is none to be for. */
  readonly everywhere: ReadonlySet<Scope>;
  /** For these agents alone. */
  readonly forAgents: ReadonlyMap<Scope, ReadonlySet<string>>;
}

/** The scopes of a role and the texts beside it, taken apart. What is no scope (any more) gives nothing. */
export const grantsOf = (role: Role | null, texts: readonly string[]): Grants => {
  const everywhere = new Set<Scope>(role === null ? [] : scopesOfRole(role));
  const forAgents = new Map<Scope, Set<string>>();
  for (const text of texts) {
    const { scopes = [], agentId = null } = readGrant(text) ?? {};
    for (const scope of scopes) {
      if (agentId === null) everywhere.add(scope);
      else forAgents.set(scope, (forAgents.get(scope) ?? new Set()).add(agentId));
    }
  }
  return { everywhere, forAgents };
};

/** What scopes and roles are called in tokens: an identity provider has an `admin` of its own. */
const TOKEN_PREFIX = "opscore:";

/** What a token gives: `opscore:<scope>` and `opscore:<role>`; anything else in it is not meant for us. */
export const grantsOfToken = (gives: readonly string[]): Grants =>
  grantsOf(
    null,
    gives
      .filter((text) => text.startsWith(TOKEN_PREFIX))
      .flatMap((text): readonly string[] => {
        const name = text.slice(TOKEN_PREFIX.length);
        const role = ROLES.find((one) => one === name);
        return role === undefined ? [name] : scopesOfRole(role);
      }),
  );

/** The agents that a scope is held for: `all`, or those alone; none: it is not held. */
export const agentsOf = (grants: Grants, scope: Scope): "all" | ReadonlySet<string> =>
  grants.everywhere.has(scope) ? "all" : (grants.forAgents.get(scope) ?? NOBODY);

const NOBODY: ReadonlySet<string> = new Set();

/** What of `wanted` is not in `own`, as scopes; empty: all of it is. */
export const missingIn = (own: Grants, wanted: Grants): readonly string[] => {
  const missing: string[] = [...wanted.everywhere].filter((scope) => !own.everywhere.has(scope));
  for (const [scope, agents] of wanted.forAgents) {
    const held = agentsOf(own, scope);
    if (held !== "all") missing.push(...[...agents].filter((id) => !held.has(id)).map((id) => `${scope}:${id}`));
  }
  return missing;
};
