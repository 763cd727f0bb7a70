import type { DefinitionFault } from "./pointer.ts";
import { maxExpressionsInText, type Occurrence } from "./template.ts";

/** A definition may have this many expressions: `${…}`, conditions, and lists of maps. */
export const maxExpressions = 2_000;

/** Together they may have this many UTF-16 units. Reading one takes about a microsecond of CPU time. */
export const maxExpressionsLength = 32 * 1024;

const limit = (pointer: string, message: string): DefinitionFault => ({ pointer, code: "limit", message });

/** Counts the expressions of a definition, so that to read them is bounded work. */
export class ExpressionTally {
  #pointer = "";
  #inText = 0;
  #count = 0;
  #length = 0;

  /** Nothing more needs to be looked at. */
  get isFull(): boolean {
    return this.#count > maxExpressions || this.#length > maxExpressionsLength;
  }

  /** Takes the next one, in the order of the document; the limit that it exceeds, or `null`. */
  take({ pointer, length }: Occurrence): DefinitionFault | null {
    this.#inText = pointer === this.#pointer ? this.#inText + 1 : 1;
    this.#pointer = pointer;
    this.#count += 1;
    this.#length += length;
    if (this.#count > maxExpressions) return limit("/tasks", `At most ${maxExpressions} expressions.`);
    if (this.#length > maxExpressionsLength) {
      return limit("/tasks", `At most ${maxExpressionsLength / 1024} Ki characters of expressions together.`);
    }
    if (this.#inText <= maxExpressionsInText) return null;
    return limit(pointer, `At most ${maxExpressionsInText} expressions in a text.`);
  }
}
