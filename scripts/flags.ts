import { parseArgs } from "node:util";
import { StartRefused } from "../src/entry/run-server.ts";

/** Which of these flags the command line has; anything else there is refused. `-h` is `--help`. */
export const readFlags = (known: readonly string[]): ReadonlySet<string> => {
  const options = Object.fromEntries(
    known.map((name) => [name, { type: "boolean", ...(name === "help" ? { short: "h" } : {}) } as const]),
  );
  try {
    return new Set(Object.keys(parseArgs({ options }).values));
  } catch (error) {
    const message = (error instanceof Error ? error.message : String(error)).split(". ")[0] ?? "";
    throw new StartRefused([message, `Options: ${known.map((name) => `--${name}`).join(", ")}`], 2, { cause: error });
  }
};
