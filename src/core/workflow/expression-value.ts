import type { Json } from "../json.ts";
import { TimeValue, timeText } from "./expression-time.ts";

/**
 * What an expression computes with: JSON, CEL's `int` as a bigint (literals without a point, `size()`), and time. Numbers
 * of JSON are CEL's `double`; they are finite always.
 */
export type Value = null | boolean | number | bigint | string | TimeValue | readonly Value[] | ValueMap;

export interface ValueMap {
  readonly [key: string]: Value;
}

/** What the type of a value can be, by CEL's names. */
export type Kind = "null" | "bool" | "int" | "double" | "string" | "list" | "map" | "timestamp" | "duration";

/**
 * What is known of a type before anything is evaluated; `any` passes every check and is checked when evaluated. A text
 * with a `secret` in it may be passed on and added to, nothing else: what is evaluated is only a stand-in for it.
 */
export type ExpressionType = Kind | "secret" | "any";

/** Why an evaluation ended without a value. */
export type FailureCode = "unresolved_reference" | "expression_error" | "limit_expression" | "limit_output";

/** Ends an evaluation; caught where `||`, `all`, `has` … may go on, and at the latest by `evaluateExpression`. */
export class Failure extends Error {
  readonly code: FailureCode;
  constructor(code: FailureCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** What was thrown, if it is a failure; throws it again if it is a bug. */
export const failureOf = (error: unknown): Failure => {
  if (error instanceof Failure) return error;
  throw error;
};

/** A step is about 100 ns of work: all that one evaluation, or all those of one template together, may take. */
export const maxSteps = 100_000;

/** The work that is left, counted in steps, and the lists and maps that were made on the way. */
export class Work {
  used = 0;
  readonly #made = new Set<object>();
  readonly #json = new Map<object, Json>();

  /** Takes steps, before the work is done; throws `limit_expression` when there are none left. */
  charge(steps: number): void {
    this.used += Math.ceil(steps);
    if (this.used > maxSteps) {
      this.used = maxSteps;
      throw new Failure("limit_expression", `the expression takes more than ${maxSteps} steps.`);
    }
  }

  /** Charges for work that goes once over these texts: 16 characters a step. */
  chargeText(...texts: readonly string[]): void {
    this.charge(texts.reduce((sum, text) => sum + text.length, 0) / 16);
  }

  /** Charges for enumerating the members of a map, which costs more the more there are. */
  chargeKeys(count: number): void {
    this.charge(count * 4);
  }

  /** Charges for a new list or map, and remembers that it may hold what is not JSON. */
  make<T extends readonly Value[] | ValueMap>(value: T, size: number): T {
    this.charge(size);
    this.#made.add(value);
    return value;
  }

  /**
   * The value as JSON. What came from the context is JSON already and is not looked at; what was made is converted once,
   * however often it occurs, so the work is bounded by the steps of making it.
   */
  toJson(value: Value): Json {
    if (typeof value === "bigint") {
      if (value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER) return Number(value);
      throw new Failure("expression_error", "the result is an integer beyond 2^53, which JSON cannot carry.");
    }
    // A log does not keep the sign of zero.
    if (typeof value === "number") return value + 0;
    if (typeof value !== "object" || value === null) return value;
    if (value instanceof TimeValue) return timeText(value);
    if (!this.#made.has(value)) return value as Json;
    const known = this.#json.get(value);
    if (known !== undefined) return known;
    const json = isList(value)
      ? value.map((item) => this.toJson(item))
      : Object.fromEntries(Object.entries(value).map(([key, member]) => [key, this.toJson(member)]));
    this.#json.set(value, json);
    return json;
  }
}

export const isList = (value: Value): value is readonly Value[] => Array.isArray(value);

export const isMap = (value: Value): value is ValueMap =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof TimeValue);

/** The kind of a value. */
export const kindOf = (value: Value): Kind => {
  switch (typeof value) {
    case "boolean":
      return "bool";
    case "bigint":
      return "int";
    case "number":
      return "double";
    case "string":
      return "string";
    default:
      if (value === null) return "null";
      if (isList(value)) return "list";
      return value instanceof TimeValue ? value.kind : "map";
  }
};

/** "a list", "an int": a kind in a sentence. */
export const nounOf = (kind: ExpressionType): string =>
  kind === "null" ? "null" : kind === "any" ? "any value" : /^[aeiou]/.test(kind) ? `an ${kind}` : `a ${kind}`;
