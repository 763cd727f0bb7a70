import { Unreadable } from "./expression-fault.ts";
import { functions } from "./expression-functions.ts";
import { macroNames } from "./expression-node.ts";
import { nearest } from "./nearest.ts";
import { quoted } from "./pointer.ts";

/** A source may have this many UTF-16 units. */
export const maxSourceLength = 4096;

/** This many `!` and `-` may stand before an operand: the parser's depth limit does not count them. */
const maxSigns = 32;

/** A regular expression of CEL's literals of text (and bytes), that end. */
export const stringLiteral = [
  `[rRbB]?"""(?:[^\\\\]|\\\\[^])*?"""`,
  `[rRbB]?'''(?:[^\\\\]|\\\\[^])*?'''`,
  `[rRbB]?"(?:[^"\\\\]|\\\\[^])*"`,
  `[rRbB]?'(?:[^'\\\\]|\\\\[^])*'`,
].join("|");

const token = new RegExp(
  `[ \\t\\r\\n]+|//[^\\n]*|(?<text>${stringLiteral})|(?<name>[A-Za-z_][A-Za-z0-9_]*)|(?<sign>[!-])|(?<open>["'])|(?<other>[^])`,
  "y",
);

const refusals: ReadonlyMap<string, string> = new Map([
  [
    "matches",
    "`matches` is not supported, as the time of a regular expression has no bound; use `contains`, `startsWith`, `endsWith` or `==`.",
  ],
  ...["bytes", "uint", "type", "bind"].map((name) => [name, `\`${name}\` is not supported.`] as const),
]);

const callable: ReadonlySet<string> = new Set([
  ...Array.from(functions.keys(), (name) => name.replace(".", "")),
  ...macroNames,
  "has",
]);

const checkName = (name: string): void => {
  if (callable.has(name) || name === "in") return;
  const refusal = refusals.get(name);
  if (refusal !== undefined) throw new Unreadable("not_supported", refusal);
  const message = `there is no function \`${quoted(name)}\`.`;
  throw new Unreadable("invalid_expression", message, nearest(name, callable));
};

/**
 * Looks over a source before the parser does, for what that would not bound: it keeps an entry for every name that is
 * called for as long as the process lives, and follows signs as deep as there are any. Linear; throws `Unreadable`.
 */
export const scan = (source: string): void => {
  if (source.length > maxSourceLength) {
    throw new Unreadable("limit_expression", `an expression may have ${maxSourceLength} characters at most.`);
  }
  let name: string | null = null;
  let signs = 0;
  token.lastIndex = 0;
  while (token.lastIndex < source.length) {
    const groups = token.exec(source)!.groups!;
    if (groups["open"] !== undefined)
      throw new Unreadable("malformed_reference", "cannot be read: a quote has no end.");
    const isSpace = Object.values(groups).every((group) => group === undefined);
    if (isSpace) continue;
    if (groups["other"] === "(" && name !== null) checkName(name);
    name = groups["name"] ?? null;
    signs = groups["sign"] === undefined ? 0 : signs + 1;
    if (signs > maxSigns) throw new Unreadable("limit_expression", `more than ${maxSigns} signs in a row.`);
  }
};
