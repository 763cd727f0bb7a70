import type { Context, MiddlewareHandler } from "hono";
import { matchedRoutes } from "hono/route";
import type { Clock, Log } from "../../app/ports.ts";
import type { AppEnv } from "../env.ts";

/**
 * One line a request. It has the route's pattern instead of the path, and neither query nor payload: ids and secrets
 * that callers put into URLs stay out of the log. The outermost middleware: everything inside it answers rather than throws.
 */
export const requestLog = (deps: { readonly log: Log; readonly clock: Clock }): MiddlewareHandler<AppEnv> => {
  return async (c, next) => {
    const startedAt = deps.clock.now();
    await next();
    const code = c.get("problemCode");
    deps.log.log("info", "request", {
      method: c.req.method,
      route: routePattern(c),
      status: c.res.status,
      durationMs: deps.clock.now() - startedAt,
      requestId: (c.get("requestId") as string | undefined) ?? "none",
      bytes: c.get("bodyBytes") ?? 0,
      ...(code === undefined ? {} : { code }),
    });
  };
};

/** The first matched handler: the one that answered; a path known only to middleware (405) is named by it; or "none". */
const routePattern = (c: Context<AppEnv>): string => {
  const matched = matchedRoutes(c);
  const handler = matched.find(({ method }) => method !== "ALL");
  return (handler ?? matched.find(({ path }) => !path.endsWith("*")))?.path ?? "none";
};
