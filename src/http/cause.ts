import type { Context } from "hono";
import { actorOf, type Principal } from "../app/keys/principal.ts";
import type { Cause } from "../app/log-row.ts";
import { OpsError } from "../app/ops-error.ts";
import type { AuditAction } from "../contract/audit.ts";
import { isId } from "../contract/ids.ts";
import { clip } from "../contract/problem.ts";
import type { AppEnv } from "./env.ts";

type RequestCause = Cause & { readonly requestId: string };

/** Who asks. A route that anybody may call has nobody: asking is a bug. */
export const principalOf = (c: Context<AppEnv>): Principal => {
  const principal = c.get("principal");
  if (principal === undefined) throw new Error("the route needs no key, so nobody is known to ask");
  return principal;
};

/** What the holder of a key asks for. */
export const keyCause = (c: Context<AppEnv>, command: string): RequestCause => ({
  command,
  actor: actorOf(principalOf(c)),
  requestId: c.get("requestId"),
});

/** An operator asks for a change: it is recorded in the audit chain, by the id of the operation. */
export const operatorCause = (c: Context<AppEnv>, command: string, action: AuditAction): RequestCause => ({
  ...keyCause(c, command),
  action,
});

export const agentCause = (c: Context<AppEnv>, command: string, agentId: string): Cause => ({
  command,
  actor: { kind: "agent", id: agentId },
  requestId: c.get("requestId"),
});

/** An id in the path. Outside the pattern it can name nothing: 400. */
export const pathId = (c: Context<AppEnv>, name: string): string => {
  const id = c.req.param(name) ?? "";
  if (!isId(id)) throw new OpsError("invalid_id", `The ${name} in the path is not a valid id: ${clip(id)}`);
  return id;
};
