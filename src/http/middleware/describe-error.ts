/** A flat account of an error for the log, causes included. */
export interface ErrorAccount {
  readonly [key: string]: string;
}

/**
 * Database drivers put the statement's parameters, which are callers' data, into the message behind "params:": cut,
 * and so is the stack's own copy of the message.
 */
export const describeError = (error: Error): ErrorAccount => {
  const causes: string[] = [];
  let cause: unknown = error.cause;
  for (let depth = 0; depth < 4 && cause !== undefined; depth += 1) {
    causes.push(headline(cause));
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  const frames = (error.stack ?? "")
    .split("\n")
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 12);
  return {
    error: headline(error),
    ...(causes.length === 0 ? {} : { cause: causes.join("; ") }),
    ...(frames.length === 0 ? {} : { stack: frames.map((line) => line.trim()).join("\n") }),
  };
};

const headline = (thrown: unknown): string => {
  if (!(thrown instanceof Error)) return `a thrown ${thrown === null ? "null" : typeof thrown}`;
  return `${thrown.name}: ${(thrown.message.split(/\s*params:/i)[0] ?? "").slice(0, 300)}`;
};
