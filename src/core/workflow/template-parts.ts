import { stringLiteral } from "./expression-scan.ts";
import { parseExpression, type ParsedExpression, type ParseOptions } from "./expression.ts";
import { quoted } from "./pointer.ts";

/** What is between `${` and `}`, and what it was read as. */
export interface Part {
  /** With its braces, cut as every echo of input. */
  readonly shown: string;
  /** Of what is between the braces, in UTF-16 units. */
  readonly length: number;
  readonly parsed: ParsedExpression;
}

/** What counts when looking for the brace that closes: braces, texts, and a quote that has no end. */
const mark = new RegExp(`${stringLiteral}|[{}"']`, "g");

/** Index of the brace that closes the one before `from`, skipping quoted text and inner pairs; -1 if there is none. */
const closingBrace = (text: string, from: number): number => {
  let depth = 1;
  mark.lastIndex = from;
  for (let found = mark.exec(text); found !== null; found = mark.exec(text)) {
    if (found[0] === "{") depth += 1;
    else if (found[0] === "}") {
      depth -= 1;
      if (depth === 0) return found.index;
    } else if (found[0].length === 1) return -1;
  }
  return -1;
};

/** Whether a source between `${` and `}` would end there and not at a brace of its own: one in a comment, say. */
export const endsAsWritten = (source: string): boolean => closingBrace(`${source}}`, 0) === source.length;

/**
 * Literal text and expressions in their order; `$${` is a literal `${`. Total; the first one without an end is the last.
 * Lazy: an expression is read when it is asked for.
 */
export function* partsOf(text: string, options: ParseOptions): Generator<string | Part> {
  let isEmpty = true;
  let literal = "";
  let at = 0;
  while (at < text.length) {
    const dollar = text.indexOf("$", at);
    if (dollar < 0) break;
    literal += text.slice(at, dollar);
    if (text.startsWith("$${", dollar)) {
      literal += "${";
      at = dollar + 3;
    } else if (text.startsWith("${", dollar)) {
      const end = closingBrace(text, dollar + 2);
      if (end < 0) {
        const shown = quoted(text.slice(dollar));
        const message = "has no closing brace; write $${ for the characters ${ themselves.";
        return yield { shown, length: 0, parsed: { ok: false, code: "malformed_reference", message } };
      }
      if (literal !== "") yield literal;
      literal = "";
      isEmpty = false;
      const source = text.slice(dollar + 2, end);
      const shown = `\${${quoted(source.trim())}}`;
      yield { shown, length: source.length, parsed: parseExpression(source, options) };
      at = end + 1;
    } else {
      literal += "$";
      at = dollar + 1;
    }
  }
  literal += text.slice(at);
  if (literal !== "" || isEmpty) yield literal;
}
