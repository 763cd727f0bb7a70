import * as z from "zod";
import { workflowSchema } from "./workflow.ts";

/**
 * The workflow language as JSON Schema (2020-12), for editors: made of the very schema that definitions are read with.
 * It says less than the check does: nothing about the order of tasks and about expressions.
 */
export const workflowJsonSchema = (): object => ({
  ...z.toJSONSchema(workflowSchema, { io: "input", target: "draft-2020-12" }),
  title: "Workflow definition",
  description: "A workflow of Ops-Core, as JSON or YAML. Keys of your own begin with `x-`.",
});
