import * as z from "zod";

/** How lists are asked for, page by page. */

export const MAX_LIMIT = 200;
export const DEFAULT_LIMIT = 50;

const limit = z
  .string()
  // The whole range in one pattern: two checks would be two faults.
  .regex(/^(?:[1-9][0-9]?|1[0-9]{2}|200)$/, { error: `Expected a number from 1 to ${MAX_LIMIT}` })
  .optional()
  .describe(`How many rows at most, from 1 to ${MAX_LIMIT}; ${DEFAULT_LIMIT} unless said.`);

const GO_ON = "The `nextCursor` of the answer before, with the same filters.";

/** A path that takes no query parameter. */
export const noParameters = z.strictObject({});

/** Query parameters of every list. */
export const pageQuery = z.strictObject({ limit, cursor: z.string().min(1).max(512).optional().describe(GO_ON) });

/** Where a list with filters goes on, and the filter it was cut with. */
export interface SealedPlace {
  readonly place: string;
  readonly seal: string;
}

const SEALED = /^(.{1,256})#([0-9a-f]{16})$/;

/** What base64url stands for; `null`: it is none. */
export const decodeCursor = (cursor: string): string | null => {
  try {
    return atob(cursor.replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    return null;
  }
};

/**
 * Query parameters of a list with filters. Its cursor names its filter too: with another one it would skip or repeat
 * rows without a word. `shape` is what a place looks like.
 */
export const sealedPageQuery = (shape: RegExp) => ({
  limit,
  cursor: z
    .string()
    .min(1)
    .max(512)
    .transform((text, context): SealedPlace => {
      const [, place, seal] = SEALED.exec(decodeCursor(text) ?? "") ?? [];
      if (place !== undefined && seal !== undefined && shape.test(place)) return { place, seal };
      context.addIssue({
        code: "custom",
        message: "Expected a cursor from an earlier answer",
        params: { code: "invalid_cursor" },
      });
      return z.NEVER;
    })
    .optional()
    .describe(GO_ON),
});
