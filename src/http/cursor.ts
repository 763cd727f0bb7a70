import type * as z from "zod";
import { OpsError } from "../app/ops-error.ts";
import { sha256 } from "../app/sha256.ts";
import type { PageAnswer } from "../contract/answers/lists.ts";
import { decodeCursor, DEFAULT_LIMIT, type pageQuery, type SealedPlace } from "../contract/pages.ts";

export interface PageRequest {
  readonly after: string | null;
  readonly limit: number;
}

/** A cursor is opaque to callers: the place in the list, in base64url. `shape` is what that place looks like. */
export const pageRequest = (query: z.output<typeof pageQuery>, shape: RegExp): PageRequest => {
  const limit = query.limit === undefined ? DEFAULT_LIMIT : Number(query.limit);
  if (query.cursor === undefined) return { after: null, limit };
  const after = decodeCursor(query.cursor);
  if (after !== null && shape.test(after)) return { after, limit };
  throw new OpsError("invalid_query", "cursor: Expected a cursor from an earlier answer", {
    errors: [{ pointer: "/cursor", code: "invalid_cursor", message: "Expected a cursor from an earlier answer" }],
  });
};

/** What names a filter in a cursor. Equal filters have their members in the same order. */
export const sealOf = async (filter: unknown): Promise<string> => (await sha256(JSON.stringify(filter))).slice(0, 16);

/** The page that is asked for. A cursor with another seal is 400. */
export const sealedPageRequest = (
  query: { readonly limit?: string | undefined; readonly cursor?: SealedPlace | undefined },
  seal: string,
): PageRequest => {
  const limit = query.limit === undefined ? DEFAULT_LIMIT : Number(query.limit);
  if (query.cursor === undefined || query.cursor.seal === seal) return { after: query.cursor?.place ?? null, limit };
  const message = "Expected a cursor of a list with the same filters";
  throw new OpsError("invalid_query", `cursor: ${message}`, {
    errors: [{ pointer: "/cursor", code: "invalid_cursor", message }],
  });
};

/** The answer of a list with filters. */
export const sealedPageAnswer = <T, U>(
  page: { readonly data: readonly T[]; readonly next: string | null },
  seal: string,
  toWire: (row: T) => U,
): PageAnswer<U> => pageAnswer({ data: page.data, next: page.next === null ? null : `${page.next}#${seal}` }, toWire);

/** The answer of a list. */
export const pageAnswer = <T, U>(
  page: { readonly data: readonly T[]; readonly next: string | null },
  toWire: (row: T) => U,
): PageAnswer<U> => ({
  data: page.data.map(toWire),
  nextCursor: page.next === null ? null : btoa(page.next).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", ""),
});
