import * as z from "zod";

/** A page of a list, as a body. */
export interface PageAnswer<T> {
  readonly data: readonly T[];
  readonly nextCursor: string | null;
}

/**
 * A page of a list. A page may be short, or empty, and still have a next one: only `nextCursor: null` is the end.
 */
export const pageOf = <S extends z.ZodType>(row: S): z.ZodType<PageAnswer<z.output<S>>> =>
  z.strictObject({
    data: z.array(row).max(200).describe("The rows of this page, in the order of the list; at most `limit`."),
    nextCursor: z
      .string()
      .regex(/^[A-Za-z0-9_-]+$/)
      .max(512)
      .nullable()
      .describe("To be sent as `cursor`, with the same filters, for the next page. `null`: this was the last one."),
  });
