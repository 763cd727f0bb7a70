import * as z from "zod";
import { OpsError } from "../app/ops-error.ts";

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 200;

/** Query parameters of every list. */
export const pageQuery = z.strictObject({
  limit: z
    .string()
    .regex(/^[1-9][0-9]{0,2}$/, { error: `Expected a number from 1 to ${MAX_LIMIT}` })
    .refine((text) => Number(text) <= MAX_LIMIT, { error: `Expected a number from 1 to ${MAX_LIMIT}` })
    .optional(),
  cursor: z.string().min(1).max(512).optional(),
});

export interface PageRequest {
  readonly after: string | null;
  readonly limit: number;
}

/** A cursor is opaque to callers: the place in the list, in base64url. `shape` is what that place looks like. */
export const pageRequest = (query: z.output<typeof pageQuery>, shape: RegExp): PageRequest => {
  const limit = query.limit === undefined ? DEFAULT_LIMIT : Number(query.limit);
  if (query.cursor === undefined) return { after: null, limit };
  const after = decode(query.cursor);
  if (after !== null && shape.test(after)) return { after, limit };
  throw new OpsError("invalid_query", "cursor: Expected a cursor from an earlier answer", {
    errors: [{ pointer: "/cursor", code: "invalid_cursor", message: "Expected a cursor from an earlier answer" }],
  });
};

const decode = (cursor: string): string | null => {
  try {
    return atob(cursor.replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    return null;
  }
};

/** The answer of a list. */
export const pageAnswer = <T, U>(
  page: { readonly data: readonly T[]; readonly next: string | null },
  toWire: (row: T) => U,
): { readonly data: readonly U[]; readonly nextCursor: string | null } => ({
  data: page.data.map(toWire),
  nextCursor: page.next === null ? null : btoa(page.next).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", ""),
});
