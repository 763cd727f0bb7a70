import * as z from "zod";
import { idSchema } from "../ids.ts";
import { faultSchema } from "../problem.ts";
import { count, jsonObject, sha256Hex, time, type Answer } from "./values.ts";

/** A revision of a workflow definition, without its content. */
export const workflowAnswer = z
  .strictObject({
    workflowId: idSchema.describe("The id in the definition."),
    revision: z.int().min(1).describe("Its number: 1 for the first, one more for each change."),
    hash: sha256Hex("SHA-256 of its content as canonical JSON; equal content, equal hash."),
    createdAt: time("When the revision was saved."),
  })
  .meta({ id: "Workflow", description: "A revision of a workflow definition." });

/** `GET /workflows/{workflowId}`: a revision with its content. */
export const workflowDetailAnswer = workflowAnswer
  .extend({ definition: jsonObject("The definition as its author wrote it, as JSON.") })
  .meta({ id: "WorkflowDetail", description: "A revision of a workflow definition, with its content." });

/** A definition without faults; nothing was saved. One with faults is a problem with all of them. */
export const workflowValidAnswer = z
  .strictObject({
    valid: z.literal(true).describe("It could be saved."),
    workflowId: idSchema.describe("The id in the definition."),
    tasks: count("How many tasks it has."),
    warnings: z.array(faultSchema).describe("What is no fault, but probably not meant."),
  })
  .meta({ id: "WorkflowValid", description: "A workflow definition has no faults." });

/** The JSON Schema of definitions, for editors. */
export const workflowSchemaAnswer = z
  .looseObject({
    $schema: z.literal("https://json-schema.org/draft/2020-12/schema").describe("The dialect of the schema."),
    title: z.string().describe("What the schema is of."),
  })
  .meta({ id: "WorkflowSchema", description: "The JSON Schema of workflow definitions." });

/** The bodies as types. */
export type WorkflowAnswer = Answer<typeof workflowAnswer>;
export type WorkflowDetailAnswer = Answer<typeof workflowDetailAnswer>;
export type WorkflowValidAnswer = Answer<typeof workflowValidAnswer>;
