import { isDeepStrictEqual } from "node:util";
import { isJsonObject, type Json, type JsonObject } from "../../src/core/json.ts";

/** What simple expressions may speak of; a task of which nothing is known yet is `undefined`. */
export interface Known {
  readonly input: JsonObject;
  readonly sessionId: string;
  status(taskId: string): string | undefined;
  output(taskId: string): Json | undefined;
  readonly item?: Json;
  readonly index?: number;
}

const verdict = (isEqual: boolean, operator: string): boolean => isEqual === (operator === "==");

/** Whether a condition holds, where it is one of those that tests and the simulator draw; `null`: no telling. */
export const holds = (condition: string, known: Known): boolean | null => {
  if (condition === "true" || condition === "false") return condition === "true";
  const [, about, member, operator, word] =
    /^tasks\.(\w+)\.(status|output|error) (==|!=) ("\w+"|null)$/.exec(condition) ?? [];
  if (about !== undefined) {
    const status = known.status(about);
    if (status === undefined) return null;
    if (member === "status") return verdict(`"${status}"` === word, operator!);
    if (member === "error") return verdict(status !== "failed", operator!);
    const output = known.output(about);
    return output === undefined ? null : verdict(output === null, operator!);
  }
  const input = /^input\.(\w+) == (true|false)$/.exec(condition);
  const value = input === null ? undefined : known.input[input[1]!];
  return typeof value === "boolean" ? String(value) === input![2] : null;
};

/** What a template gives: its value, that it cannot be rendered, or no telling. */
export type Given = { readonly value: Json } | "fault" | "no telling";

const read = (path: string, known: Known): Given => {
  if (path === "input") return { value: known.input };
  if (path === "session.id") return { value: known.sessionId };
  if (path === "item" && known.item !== undefined) return { value: known.item };
  if (path === "index" && known.index !== undefined) return { value: known.index };
  const [, inInput] = /^input\.(\w+)$/.exec(path) ?? [];
  if (inInput !== undefined) return Object.hasOwn(known.input, inInput) ? { value: known.input[inInput]! } : "fault";
  const [, taskId] = /^tasks\.(\w+)\.output$/.exec(path) ?? [];
  const value = taskId === undefined ? undefined : known.output(taskId);
  return value === undefined ? "no telling" : { value };
};

const together = (parts: readonly Given[], make: (values: readonly Json[]) => Json): Given => {
  if (parts.includes("fault")) return "fault";
  const values = parts.flatMap((part) => (typeof part === "string" ? [] : [part.value]));
  return values.length === parts.length ? { value: make(values) } : "no telling";
};

/** A template as simple reading gives it: values as they stand, and strings that are one `${…}` and nothing more. */
export const render = (template: Json, known: Known): Given => {
  if (typeof template === "string") {
    if (!template.includes("${")) return { value: template };
    const [, path] = /^\$\{([^{}]*)\}$/.exec(template) ?? [];
    return path === undefined ? "no telling" : read(path, known);
  }
  if (Array.isArray(template)) {
    return together(
      (template as readonly Json[]).map((one) => render(one, known)),
      (values) => values as Json,
    );
  }
  if (!isJsonObject(template)) return { value: template };
  const keys = Object.keys(template);
  return together(
    keys.map((key) => render(template[key]!, known)),
    (values) => Object.fromEntries(keys.map((key, i) => [key, values[i]!])),
  );
};

export const same = (a: unknown, b: unknown): boolean => isDeepStrictEqual(a, b);
