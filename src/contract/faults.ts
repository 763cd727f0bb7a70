import type * as z from "zod";
import { isIdFault } from "./ids.ts";
import { jsonPointer } from "./json.ts";
import type { Fault } from "./problem.ts";

export const MAX_FAULTS = 50;

/** What the caller calls a key: "field" in a body, "parameter" in a query. */
type Noun = "field" | "parameter";

/**
 * The issues of a failed zod parse as faults, at most 50. `input` is the value that was parsed: it tells a missing
 * field from a wrong one. Codes are zod's, but for `required`, `unknown_field` (or `unknown_parameter`), `repeated`,
 * `invalid_id`, and what a custom issue names in `params.code`. Keys of the caller are echoed up to 64 characters.
 */
export const faultsOf = (error: z.core.$ZodError, input: unknown, noun: Noun = "field"): Fault[] => {
  const faults: Fault[] = [];
  for (const issue of error.issues) {
    collect(issue, issue.path, input, noun, faults);
    if (faults.length >= MAX_FAULTS) break;
  }
  return faults;
};

const collect = (
  issue: z.core.$ZodIssue,
  path: readonly PropertyKey[],
  input: unknown,
  noun: Noun,
  faults: Fault[],
): void => {
  const add = (code: string, message: string, at = path): void => {
    if (faults.length < MAX_FAULTS) faults.push({ pointer: jsonPointer(at), code, message });
  };
  if (issue.code === "unrecognized_keys") {
    // zod's own message repeats the keys, however long they are.
    for (const key of issue.keys.slice(0, MAX_FAULTS)) add(`unknown_${noun}`, `Unknown ${noun}`, [...path, key]);
  } else if (issue.code === "invalid_union" && issue.errors.length > 0) {
    for (const inner of nearest(issue.errors)) collect(inner, [...path, ...inner.path], input, noun, faults);
  } else if (isIdFault(issue)) add("invalid_id", issue.message);
  else if (issue.code === "custom") add(customCode(issue.params), issue.message);
  else if (issue.code === "invalid_type" || issue.code === "invalid_value") {
    const value = valueAt(input, path);
    if (value === undefined) add("required", `Required ${noun} is missing`);
    else if (noun === "parameter" && Array.isArray(value)) add("repeated", "The parameter may be given once");
    else add(issue.code, issue.message);
  } else add(issue.code, issue.message);
};

/** The branch of a union that the caller most likely meant: the one that failed deepest, then with the fewest issues. */
const nearest = (branches: readonly z.core.$ZodIssue[][]): readonly z.core.$ZodIssue[] => {
  const depth = (issues: readonly z.core.$ZodIssue[]): number =>
    Math.max(0, ...issues.map((issue) => issue.path.length));
  return branches.toSorted((a, b) => depth(b) - depth(a) || a.length - b.length)[0] ?? [];
};

const customCode = (params: Record<string, unknown> | undefined): string =>
  typeof params?.["code"] === "string" ? params["code"] : "invalid";

const valueAt = (input: unknown, path: readonly PropertyKey[]): unknown => {
  let value = input;
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
};
