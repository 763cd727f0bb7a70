import type { Hono, NotFoundHandler } from "hono";
import { OpsError } from "../../app/ops-error.ts";
import type { AppEnv } from "../env.ts";
import { problemResponse } from "./problem.ts";

/**
 * hono answers 404 for a known path with another method; this asks its router which methods the path has: 405 with
 * `Allow`, or 204 to OPTIONS. Everything else is 404. Catch-all routes (`*`, `/*`) make no path known.
 *
 * Register with `app.notFound(unknownRoute(app))`.
 */
export const unknownRoute = (app: Hono<AppEnv>): NotFoundHandler<AppEnv> => {
  return (c) => {
    const allowed = allowedMethods(app, c.req.path);
    const method = c.req.method === "HEAD" ? "GET" : c.req.method;
    // A handler of this very method may say "not found" itself.
    if (allowed.length === 0 || allowed.includes(method)) {
      return problemResponse(c, new OpsError("not_found", "Nothing is served at this path"));
    }
    const allow = [...allowed, ...(allowed.includes("GET") ? ["HEAD"] : []), "OPTIONS"].toSorted().join(", ");
    if (method === "OPTIONS") return new Response(null, { status: 204, headers: { Allow: allow } });
    return problemResponse(
      c,
      new OpsError("method_not_allowed", `Method Not Allowed; this path takes ${allow}`, { headers: { Allow: allow } }),
    );
  };
};

const allowedMethods = (app: Hono<AppEnv>, path: string): string[] => {
  const methods = new Set(app.routes.map((route) => route.method));
  methods.delete("ALL");
  return [...methods].filter((method) =>
    app.router
      .match(method, path)[0]
      .some(([[, route]]) => route.method === method && route.path !== "*" && route.path !== "/*"),
  );
};
