import { zValidator } from "@hono/zod-validator";
import type * as z from "zod";
import { OpsError } from "../../app/ops-error.ts";
import { faultsOf } from "../../contract/faults.ts";
import { noParameters } from "../../contract/pages.ts";

/**
 * Checks the query against a strict object of strings: an unknown, repeated or bad parameter is 400 `invalid_query`.
 * The handler reads `c.req.valid("query")`.
 */
export const query = <T extends z.ZodObject>(schema: T) =>
  zValidator("query", schema, (result) => {
    if (result.success) return;
    const errors = faultsOf(result.error, result.data, "parameter");
    const first = errors[0];
    throw new OpsError("invalid_query", `${first?.pointer.slice(1) ?? ""}: ${first?.message ?? "invalid"}`, { errors });
  });

/** For a path that takes no parameters. */
export const noQuery = query(noParameters);
