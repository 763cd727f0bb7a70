import type * as z from "zod";
import type { IssueParams } from "./closed.ts";
import type { SchemaFault } from "./schema-fault.ts";
import { maxTasks, workflowSchema, type WorkflowDocument } from "./workflow.ts";

export type ReadDocument =
  | { readonly ok: true; readonly document: WorkflowDocument }
  | { readonly ok: false; readonly faults: readonly SchemaFault[] };

const typeName = (value: unknown): string => {
  if (value === null) return "null";
  return Array.isArray(value) ? "an array" : `${typeof value === "object" ? "an" : "a"} ${typeof value}`;
};

const wanted: Readonly<Record<string, string>> = {
  record: "an object",
  object: "an object",
  array: "an array",
  int: "an integer",
};

const unitOf: Readonly<Record<string, string>> = { string: " character", array: " item" };

const describe = (issue: z.core.$ZodIssue): Omit<SchemaFault, "path"> => {
  switch (issue.code) {
    case "invalid_type": {
      if (issue.input === undefined) return { code: "required", message: "This key is required." };
      const message = `Expected ${wanted[issue.expected] ?? `a ${issue.expected}`}, got ${typeName(issue.input)}.`;
      return { code: "invalid_type", message };
    }
    case "invalid_union":
      return { code: "invalid_type", message: `Expected a string or a number, got ${typeName(issue.input)}.` };
    case "too_small":
    case "too_big": {
      const [word, bound] = issue.code === "too_small" ? ["least", issue.minimum] : ["most", issue.maximum];
      const unit = unitOf[issue.origin] ?? "";
      return { code: "limit", message: `At ${word} ${bound}${unit}${unit === "" || bound === 1 ? "" : "s"}.` };
    }
    case "custom":
      return { ...(issue.params as unknown as IssueParams), message: issue.message };
    default:
      return { code: "invalid_value", message: issue.message };
  }
};

/** More tasks than may be are one fault; what is wrong with them is not looked for. */
const cut = (value: unknown): unknown => {
  if (typeof value !== "object" || value === null || !("tasks" in value) || !Array.isArray(value.tasks)) return value;
  return value.tasks.length > maxTasks ? { ...value, tasks: value.tasks.slice(0, maxTasks + 1) } : value;
};

/** Reads a value that the strict parser let through; all faults of the schema at once. */
export const readDocument = (value: unknown): ReadDocument => {
  const read = workflowSchema.safeParse(cut(value), { reportInput: true });
  if (read.success) return { ok: true, document: read.data };
  return {
    ok: false,
    faults: read.error.issues.map((issue) => ({ path: issue.path as (string | number)[], ...describe(issue) })),
  };
};
