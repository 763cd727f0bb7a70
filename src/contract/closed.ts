import * as z from "zod";

/** A fault's code and hint, carried through zod as the `params` of a custom issue. */
export interface IssueParams {
  readonly code: string;
  /** What the author wrote and what it might have meant. */
  readonly written?: string;
  readonly known?: readonly string[];
}

export const issue = (path: string[], message: string, params: IssueParams) => ({
  code: "custom" as const,
  path,
  message,
  params: { ...params },
});

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

interface Closed {
  /** Keys that are known, but belong elsewhere: why. */
  readonly misplaced?: ReadonlyMap<string, string>;
}

/** An object with these keys, `x-…` keys, and no other. Its unknown keys are reported next to all other faults. */
export const closed = <Shape extends z.core.$ZodLooseShape>(
  shape: Shape,
  { misplaced = new Map<string, string>() }: Closed = {},
) => {
  const known = Object.keys(shape);
  const keys = new Set(known);
  return z
    .looseObject(shape)
    .superRefine(
      (value: Record<string, unknown>, context) => {
        const others = Object.keys(value).filter((key) => !keys.has(key) && !key.startsWith("x-"));
        for (const key of others.slice(0, 100)) {
          const reason = misplaced.get(key);
          const message = reason ?? "This key is unknown; keys of your own begin with `x-`.";
          context.addIssue(
            issue(
              [key],
              message,
              reason === undefined ? { code: "unknown_key", written: key, known } : { code: "not_allowed" },
            ),
          );
        }
      },
      { when: ({ value }) => isObject(value) },
    )
    .meta({ additionalProperties: false, patternProperties: { "^x-": {} } });
};
