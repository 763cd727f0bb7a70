/** The one seeded source of choice of a schedule (sfc32). Two with the same seed draw the same. */
export interface Random {
  /** In [0, 1). */
  next(): number;
  /** An integer in [0, n). */
  int(n: number): number;
  /** True with probability p. */
  chance(p: number): boolean;
  /** A number in [from, to). */
  between(from: number, to: number): number;
  pick<T>(list: readonly T[]): T;
  /** A source of its own: draws here do not shift draws there. */
  fork(label: string): Random;
}

export const createRandom = (seed: string): Random => {
  let [a, b, c, d] = [0x9e3779b9, 0x243f6a88, 0xb7e15162, 0x6a09e667];
  for (let i = 0; i < seed.length; i += 1) {
    const code = seed.charCodeAt(i);
    a = Math.imul(a ^ code, 0x85ebca6b) >>> 0;
    b = Math.imul(b ^ (code + i), 0xc2b2ae35) >>> 0;
    c = Math.imul(c + code, 0x27d4eb2f) >>> 0;
    d = (d + Math.imul(code, 0x165667b1)) >>> 0;
  }
  const next = (): number => {
    const sum = (a + b + d) >>> 0;
    d = (d + 1) >>> 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) >>> 0;
    c = ((c << 21) | (c >>> 11)) >>> 0;
    c = (c + sum) >>> 0;
    return sum / 0x1_0000_0000;
  };
  for (let i = 0; i < 12; i += 1) next();
  const random: Random = {
    next,
    int: (n) => Math.floor(next() * n),
    chance: (p) => p > 0 && next() < p,
    between: (from, to) => from + next() * (to - from),
    pick: (list) => {
      const picked = list[Math.floor(next() * list.length)];
      if (picked === undefined) throw new Error("nothing to pick from");
      return picked;
    },
    fork: (label) => createRandom(`${seed}/${label}`),
  };
  return random;
};
