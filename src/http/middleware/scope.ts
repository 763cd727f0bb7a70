import type { Context, MiddlewareHandler } from "hono";
import { matchedRoutes } from "hono/route";
import { agentsOf } from "../../app/keys/grants.ts";
import { OpsError } from "../../app/ops-error.ts";
import type { Operation, Scope } from "../../contract/operations/operation.ts";
import { clip } from "../../contract/problem.ts";
import { principalOf } from "../cause.ts";
import type { AppEnv } from "../env.ts";

/** What a route asks of a key. */
interface Wanted {
  readonly scope: Scope;
  /** Where in the path the agent stands, or that an attempt names it: then one who has the scope for that agent alone may. */
  readonly agent: { readonly segment: number } | "of attempt" | null;
}

const wantedBy = (path: string, scope: Scope): Wanted => {
  const segment = path.split("/").indexOf("{agentId}");
  return { scope, agent: segment > 0 ? { segment } : path.includes("{attemptId}") ? "of attempt" : null };
};

/**
 * The one place where it is decided whether a key may: the scope of the operation, from the table. A route without an
 * entry is nobody's but the root key's. Paths where nothing is served pass: 404 and 405 are the same for everyone.
 */
export const requireScope = (table: Readonly<Record<string, Pick<Operation, "scope">>>): MiddlewareHandler<AppEnv> => {
  const wanted = new Map<string, Wanted>();
  for (const [name, { scope }] of Object.entries(table)) {
    const [, path = ""] = name.split(" ");
    if (scope !== null) wanted.set(name.replaceAll(/\{(\w+)\}/g, ":$1"), wantedBy(path, scope));
  }
  return async (c, next) => {
    const principal = principalOf(c);
    if (principal.kind !== "root") {
      const route = matchedRoutes(c).find(({ method }) => method !== "ALL");
      if (route !== undefined) check(c, wanted.get(`${route.method} ${route.path}`), principal.grants);
    }
    await next();
  };
};

const check = (c: Context<AppEnv>, wanted: Wanted | undefined, grants: Parameters<typeof agentsOf>[0]): void => {
  if (wanted === undefined) throw new OpsError("forbidden", "Only the root key may do this");
  const { scope, agent } = wanted;
  const agents = agentsOf(grants, scope);
  if (agents === "all") return;
  if (agents.size === 0 || agent === null) throw lacking(scope);
  if (agent !== "of attempt") {
    const agentId = segmentOf(c.req.path, agent.segment);
    if (!agents.has(agentId)) throw lacking(scope, agentId);
  }
  c.set("speaksFor", [...agents]);
};

/**
 * A definition that comes along with a request may be a new one of the registry, and may use every secret: whoever brings
 * one must be allowed to save one, 403 else.
 */
export const requireDefining = (c: Context<AppEnv>): void => {
  const principal = principalOf(c);
  if (principal.kind === "root" || agentsOf(principal.grants, "workflows:write") === "all") return;
  throw lacking("workflows:write");
};

/** As the handler will read it. */
const segmentOf = (path: string, segment: number): string => {
  const text = path.split("/")[segment] ?? "";
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/** RFC 6750, section 3.1: the header names the scope, for programs. */
const lacking = (scope: Scope, agentId?: string): OpsError =>
  new OpsError(
    "forbidden",
    `The key lacks the scope ${scope}${agentId === undefined ? "" : ` for the agent ${clip(agentId)}`}`,
    {
      headers: { "WWW-Authenticate": `Bearer error="insufficient_scope", scope="${scope}"` },
    },
  );
