import type { Context } from "hono";
import type { Cause } from "../app/log-row.ts";
import { OpsError } from "../app/ops-error.ts";
import { isId } from "../contract/ids.ts";
import { clip } from "../contract/problem.ts";
import type { AppEnv } from "./env.ts";

/** Who asks: the root key, until there are others. */
export const keyCause = (c: Context<AppEnv>, command: string): Cause => ({
  command,
  actor: { kind: "key", id: "root" },
  requestId: c.get("requestId"),
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
