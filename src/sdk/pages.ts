import type { PageAnswer } from "../contract/answers/lists.ts";
import { OpsCoreError } from "./errors.ts";
import type { CallOptions } from "./options.ts";

/** Which part of a list. */
export interface PageQuery {
  /** How many rows a page has at most: 1 to 200, default 50. */
  readonly limit?: number;
  /** `nextCursor` of an earlier page of the same list with the same filters. */
  readonly cursor?: string;
}

/**
 * A list, read page by page as it is iterated over: `for await (const row of list)`. Nothing is asked for before. Each
 * iteration begins anew.
 */
export interface Paged<T> extends AsyncIterable<T> {
  /** The same, a page at a time. A page may be empty. */
  pages(): AsyncIterable<readonly T[]>;
  /** One page alone, and where the next one begins. */
  page(): Promise<PageAnswer<T>>;
}

/** @internal */
export const pagedBy = <T, Q extends PageQuery>(
  read: (query: Q, options: CallOptions | undefined) => Promise<PageAnswer<T>>,
  query: Q,
  options: CallOptions | undefined,
): Paged<T> => {
  async function* pages(): AsyncGenerator<readonly T[], void> {
    let next = query;
    for (;;) {
      const { data, nextCursor } = await read(next, options);
      yield data;
      if (nextCursor === null) return;
      // Never true of Ops-Core; without this line it would be an endless loop.
      if (nextCursor === next.cursor) throw new OpsCoreError("invalid_answer", "A page names itself as the next one");
      next = { ...next, cursor: nextCursor };
    }
  }
  return {
    pages,
    page: () => read(query, options),
    async *[Symbol.asyncIterator]() {
      for await (const rows of pages()) yield* rows;
    },
  };
};
