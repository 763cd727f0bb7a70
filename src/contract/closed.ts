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
  readonly later?: readonly string[];
  /** True where the other keys belong to a construct that is refused as a whole. */
  readonly isOpen?: (value: Record<string, unknown>) => boolean;
}

/** An object with these keys, `x-…` keys, and no other. Its unknown keys are reported next to all other faults. */
export const closed = <Shape extends z.core.$ZodLooseShape>(shape: Shape, { later = [], isOpen }: Closed = {}) => {
  const built = new Set(Object.keys(shape));
  const known = [...built, ...later];
  return z
    .looseObject(shape)
    .superRefine(
      (value: Record<string, unknown>, context) => {
        if (isOpen?.(value) === true) return;
        const others = Object.keys(value).filter((key) => !built.has(key) && !key.startsWith("x-"));
        for (const key of others.slice(0, 100)) {
          context.addIssue(
            later.includes(key)
              ? issue([key], `\`${key}\` is not supported yet.`, { code: "not_supported" })
              : issue([key], "This key is unknown; keys of your own begin with `x-`.", {
                  code: "unknown_key",
                  written: key,
                  known,
                }),
          );
        }
      },
      { when: ({ value }) => isObject(value) },
    )
    .meta({ additionalProperties: false, patternProperties: { "^x-": {} } });
};
