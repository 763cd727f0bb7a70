import type { Hono } from "hono";
import { workflowJsonSchema } from "../../contract/workflow-json-schema.ts";
import type { AppEnv } from "../env.ts";
import { noQuery } from "../middleware/query.ts";

/** Schemas for editors; nobody needs a key to write a definition. */
export const schemaRoutes = (app: Hono<AppEnv>): void => {
  // Made once, and not before somebody asks.
  let workflow: string | null = null;
  app.get("/schemas/workflow.json", noQuery, (c) => {
    workflow ??= JSON.stringify(workflowJsonSchema());
    return c.body(workflow, 200, {
      "Content-Type": "application/schema+json",
      "Cache-Control": "public, max-age=3600",
    });
  });
};
