const step =
  /\.(?:(?<name>[A-Za-z_][A-Za-z0-9_]*)|(?<dot>0|[1-9][0-9]{0,8}))(?![A-Za-z0-9_])|\[(?:(?<index>0|[1-9][0-9]{0,8})|"(?<double>(?:[^"\\]|\\["'\\])*)"|'(?<single>(?:[^'\\]|\\["'\\])*)')\]/y;

/** A way into the data: the name it begins with, then member names and array indexes. */
export interface Path {
  readonly root: string;
  readonly steps: readonly (string | number)[];
}

/**
 * The steps of `a.b[0]["c d"]`, or null if the text is anything but a plain path. `.0` is an index too, which CEL does
 * not have: `a.list.0` is `a.list[0]`. Total, and linear in the text.
 */
export const parsePath = (text: string): Path | null => {
  const root = /^[A-Za-z_][A-Za-z0-9_]*/.exec(text)?.[0];
  if (root === undefined) return null;
  const steps: (string | number)[] = [];
  step.lastIndex = root.length;
  while (step.lastIndex < text.length) {
    const groups = step.exec(text)?.groups;
    if (groups === undefined) return null;
    const { name, dot, index, double, single } = groups;
    const number = dot ?? index;
    steps.push(number === undefined ? (name ?? (double ?? single)!.replace(/\\(.)/g, "$1")) : Number(number));
  }
  return { root, steps };
};
