import type { Work } from "./expression-value.ts";

/** Up to this length the engine's own search cannot take more than a few times the text. */
const shortNeedle = 16;

/** For each length of a prefix of `needle`: how long its longest own prefix is that also ends it. */
const fallbacks = (needle: string): Uint32Array => {
  const table = new Uint32Array(needle.length);
  let matched = 0;
  for (let at = 1; at < needle.length; at += 1) {
    while (matched > 0 && needle[at] !== needle[matched]) matched = table[matched - 1]!;
    if (needle[at] === needle[matched]) matched += 1;
    table[at] = matched;
  }
  return table;
};

const longSearch = (text: string, needle: string, work: Work): readonly number[] => {
  // Each character is looked at up to twice, one by one.
  work.charge((text.length + needle.length) / 4);
  const table = fallbacks(needle);
  const found: number[] = [];
  let matched = 0;
  for (let at = 0; at < text.length; at += 1) {
    while (matched > 0 && text.charCodeAt(at) !== needle.charCodeAt(matched)) matched = table[matched - 1]!;
    if (text.charCodeAt(at) === needle.charCodeAt(matched)) matched += 1;
    if (matched < needle.length) continue;
    work.charge(1);
    found.push(at + 1 - matched);
    matched = 0;
  }
  return found;
};

const shortSearch = (text: string, needle: string, work: Work): readonly number[] => {
  const found: number[] = [];
  for (let at = text.indexOf(needle); at >= 0; at = text.indexOf(needle, at + needle.length)) {
    work.charge(1);
    found.push(at);
  }
  return found;
};

/**
 * Where `needle` is in `text`, without overlaps, in UTF-16 units; nothing is at the beginning and at the end. Linear in
 * both, charged as such: engines search for a long needle in time that grows with the product of both lengths (the way
 * of Knuth, Morris and Pratt does not).
 */
export const occurrencesIn = (text: string, needle: string, work: Work): readonly number[] => {
  work.chargeText(text, needle);
  if (needle === "") return [0, text.length];
  return needle.length <= shortNeedle ? shortSearch(text, needle, work) : longSearch(text, needle, work);
};
