/** What is still to come, in the order of time; of the same moment, in the order in which it was added. */
export interface Agenda<T> {
  add(at: number, what: T): void;
  /** Epoch ms of the next; `Infinity`: nothing is to come. */
  at(): number;
  take(): T | undefined;
}

/** An empty one. Adding costs the logarithm of what is there in comparisons. */
export const agendaOf = <T>(): Agenda<T> => {
  /** The last is the next. */
  const entries: { readonly at: number; readonly what: T }[] = [];
  return {
    add: (at, what) => {
      let [from, to] = [0, entries.length];
      while (from < to) {
        const middle = (from + to) >> 1;
        if (entries[middle]!.at > at) from = middle + 1;
        else to = middle;
      }
      entries.splice(from, 0, { at, what });
    },
    at: () => entries.at(-1)?.at ?? Infinity,
    take: () => entries.pop()?.what,
  };
};
