/** Beyond this length a word is no slip of the finger, and the comparison would cost more than the hint is worth. */
const maxLength = 64;

/** Edits between two words, or `limit + 1` as soon as it must be more than `limit`. */
const distance = (a: string, b: string, limit: number): number => {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const above = row;
    row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const substitution = above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(substitution, above[j]! + 1, row[j - 1]! + 1));
    }
    if (Math.min(...row) > limit) return limit + 1;
  }
  return row[b.length]!;
};

/**
 * The candidate that `word` probably meant, or null: at most two edits away (one for words under five letters, none
 * under three), letter case aside. The first of equally near ones.
 */
export const nearest = (word: string, candidates: Iterable<string>): string | null => {
  if (word.length > maxLength) return null;
  const lower = word.toLowerCase();
  let best: string | null = null;
  let limit = word.length < 3 ? 0 : word.length < 5 ? 1 : 2;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) > limit) continue;
    const edits = distance(lower, candidate.toLowerCase(), limit);
    if (edits > limit) continue;
    best = candidate;
    if (edits === 0) break;
    limit = edits - 1;
  }
  return best;
};
