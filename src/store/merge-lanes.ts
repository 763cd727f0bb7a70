/** A place in a list whose order is the newest session first, then its tasks by number; a session itself is number 0. */
export interface Place {
  readonly id: string;
  readonly n: number;
}

/** Rows of one lane in order, one more than asked for if there are as many; `floor`: the last place looked at. */
export interface LaneRows<T> {
  readonly rows: readonly T[];
  readonly floor: Place | null;
}

const order = (a: Place, b: Place): number => (a.id === b.id ? a.n - b.n : a.id < b.id ? 1 : -1);

/**
 * One page of several lanes, each in order. A lane is known only down to where it was read, so the page ends at the
 * first such end: what another lane has below it comes with the next page, in its place.
 */
export const mergeLanes = <T>(
  lanes: readonly LaneRows<T>[],
  limit: number,
  placeOf: (row: T) => Place,
): { readonly rows: readonly T[]; readonly next: Place | null } => {
  const ends = lanes.flatMap(({ rows, floor }) => {
    const last = rows.length > limit ? rows.at(-1) : undefined;
    const end = last === undefined ? floor : placeOf(last);
    return end === null ? [] : [end];
  });
  const end = ends.toSorted(order)[0] ?? null;
  const known = lanes
    .flatMap(({ rows }) => rows.filter((row) => end === null || order(placeOf(row), end) <= 0))
    .toSorted((a, b) => order(placeOf(a), placeOf(b)));
  const rows = known.slice(0, limit);
  const last = rows.at(-1);
  return { rows, next: known.length > limit && last !== undefined ? placeOf(last) : end };
};
