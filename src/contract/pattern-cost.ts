/** Texts that a `pattern` is held against may have this many characters; with it the work of one test is bounded. */
export const maxPatternText = 1_024;

const maxLength = 256;

const token =
  /(?<escape>\\[^])|(?<set>\[(?:\\[^]|[^\\\]])*\])|(?<look>\(\?(?!:|<[A-Za-z]))|(?<open>\((?:\?(?::|<[^>]*>))?)|(?<close>\))|(?<count>(?:[*+?]|\{[0-9]+(?:,[0-9]*)?\})\??)|(?<or>\|)|(?<other>[^])/y;

/** How many ways a quantifier may end: it is tried with each. */
const waysOf = (count: string): number => {
  const range = /^\{([0-9]+)(?:,([0-9]*))?\}/.exec(count);
  if (range === null) return count.startsWith("?") ? 2 : maxPatternText;
  const [, least = "", most] = range;
  if (most === undefined) return 1;
  return (most === "" ? maxPatternText : Number(most)) - Number(least) + 1;
};

interface Group {
  /** Ways through what stands in it so far. */
  ways: number;
  /** May it match in several ways, or at several lengths? Repeated, that multiplies without bound. */
  varies: boolean;
}

export type PatternCost =
  { readonly ok: true; readonly steps: number } | { readonly ok: false; readonly message: string };

const refused = (message: string): PatternCost => ({ ok: false, message });

/**
 * How many steps it may take to hold a regular expression against one text, or why it may not be held against texts of
 * strangers at all. JavaScript's matcher goes back over every choice: the choices multiply, and those of repetitions of
 * repetitions have no bound.
 */
export const patternCost = (pattern: string): PatternCost => {
  if (pattern.length > maxLength) return refused(`A pattern has at most ${maxLength} characters.`);
  try {
    new RegExp(pattern, "u");
  } catch {
    return refused("This is no regular expression.");
  }
  const groups: Group[] = [{ ways: 1, varies: false }];
  // Elsewhere than at the start of the text it is tried at each place.
  let isAnchored = pattern.startsWith("^");
  let closed: Group | null = null;
  token.lastIndex = 0;
  while (token.lastIndex < pattern.length) {
    const parts = token.exec(pattern)!.groups!;
    const top = groups.at(-1)!;
    const before = closed;
    closed = null;
    if (parts["look"] !== undefined || /^\\[1-9k]/.test(parts["escape"] ?? "")) {
      return refused("A pattern may not look around or refer to its own groups.");
    } else if (parts["open"] !== undefined) groups.push({ ways: 1, varies: false });
    else if (parts["close"] !== undefined) {
      closed = groups.pop()!;
      groups.at(-1)!.ways *= closed.ways;
      groups.at(-1)!.varies ||= closed.varies;
    } else if (parts["or"] !== undefined) {
      top.ways *= 2;
      isAnchored &&= groups.length > 1;
      top.varies = true;
    } else if (parts["count"] !== undefined) {
      const ways = waysOf(parts["count"]);
      if (before?.varies === true && parts["count"] !== "?")
        return refused("A pattern may not repeat what itself repeats or has alternatives.");
      top.ways *= ways;
      top.varies ||= ways > 1;
    }
  }
  return { ok: true, steps: groups[0]!.ways * (isAnchored ? 1 : maxPatternText) };
};
