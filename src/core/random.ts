/**
 * Deterministic randomness from a command's seed: the same seed gives the same ids and jitter, which is
 * what makes a decision repeatable. Not for secrets.
 */

const BASIS = 0x811c9dc5;

/** FNV-1a over UTF-16 units, 32 bits. */
const hash32 = (text: string, basis: number): number => {
  let hash = basis >>> 0;
  for (let i = 0; i < text.length; i += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
  }
  return hash;
};

/** `count` hexadecimal digits that a text decides; eight come from one hash, the next from another basis. */
export const digitsOf = (text: string, count: number): string => {
  let digits = "";
  for (let i = 0; digits.length < count; i += 1)
    digits += hash32(text, BASIS ^ i)
      .toString(16)
      .padStart(8, "0");
  return digits.slice(0, count);
};

/** A number in [0, 1) drawn from the seed; `salt` separates several draws of one decision. */
export const fractionOf = (seed: string, salt: string): number => {
  let mixed = hash32(`${salt}/${seed}`, BASIS);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x45d9f3b) >>> 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x45d9f3b) >>> 0;
  return ((mixed ^ (mixed >>> 16)) >>> 0) / 0x1_0000_0000;
};

/** `count` values of five bits each, read from a seed of hexadecimal digits (two digits a value, wrapping). */
export const bitsOf = (seed: string, count: number): readonly number[] =>
  Array.from({ length: count }, (_, i) => {
    const at = (i * 2) % Math.max(2, seed.length - 1);
    const value = Number.parseInt(seed.slice(at, at + 2), 16);
    return (Number.isNaN(value) ? 0 : value) % 32;
  });
