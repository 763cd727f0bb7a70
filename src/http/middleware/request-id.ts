import type { MiddlewareHandler } from "hono";
import type { AppEnv } from "../env.ts";

const sane = /^[A-Za-z0-9._:-]{1,64}$/;

/** Runs before all but the request log: keeps a sane `X-Request-Id` of the caller, else makes one; every answer carries it. */
export const requestId = (generate: () => string): MiddlewareHandler<AppEnv> => {
  return async (c, next) => {
    const offered = c.req.header("X-Request-Id");
    c.set("requestId", offered !== undefined && sane.test(offered) ? offered : generate());
    try {
      await next();
    } catch (thrown) {
      // hono hands only Errors to the error handler; anything else would leave the app as a rejection.
      throw thrown instanceof Error ? thrown : new Error("Something that is no Error was thrown", { cause: thrown });
    }
    c.header("X-Request-Id", c.get("requestId"));
  };
};
