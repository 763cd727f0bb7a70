import type { Context, Hono } from "hono";
import { matchedRoutes } from "hono/route";
import { sha256 } from "../../app/sha256.ts";
import type { Deprecation, Operation } from "../../contract/operations/operation.ts";
import type { AppEnv } from "../env.ts";

type Answering = Pick<Operation, "headers" | "deprecated">;

/**
 * What the table of operations says about answers, done for all of them: an `ETag` where a read is polled, and 304 for
 * a caller who has that very content; `Deprecation` and `Sunset` where an operation is on its way out. The tag is a
 * digest of the body: it costs no question to the store, and whatever a reader would see differently changes it.
 */
export const describeAnswers = (app: Hono<AppEnv>, table: Readonly<Record<string, Answering>>): void => {
  for (const [name, { deprecated, headers }] of Object.entries(table)) {
    const [method = "", path = ""] = name.replaceAll(/\{(\w+)\}/g, ":$1").split(" ");
    const isTagged = headers.includes("ETag");
    if (deprecated === undefined && !isTagged) continue; // nothing on the way of what is called most
    app.use(path, async (c, next) => {
      await next();
      const route = matchedRoutes(c).find((one) => one.method !== "ALL");
      if (route?.method !== method || route.path !== path) return;
      if (deprecated !== undefined) announce(c, deprecated);
      if (isTagged && c.res.status === 200) await tag(c);
    });
  }
};

const announce = (c: Context<AppEnv>, { since, sunset, link }: Deprecation): void => {
  c.header("Deprecation", `@${Math.floor(since.getTime() / 1_000)}`);
  c.header("Sunset", sunset.toUTCString());
  c.header("Link", `<${link}>; rel="deprecation"`, { append: true });
};

const tag = async (c: Context<AppEnv>): Promise<void> => {
  const digest = await sha256(new Uint8Array(await c.res.clone().arrayBuffer()));
  const value = `W/"${digest.slice(0, 32)}"`;
  if (isKnown(c.req.header("If-None-Match"), value))
    c.res = new Response(null, { status: 304, headers: c.res.headers });
  c.header("ETag", value);
};

/** Weak comparison (RFC 9110, 13.1.2): `W/` makes no difference, and `*` is whatever there is. */
const isKnown = (header: string | undefined, value: string): boolean =>
  (header ?? "")
    .split(",")
    .map((one) => one.trim().replace(/^W\//, ""))
    .some((one) => one === "*" || one === value.slice(2));
