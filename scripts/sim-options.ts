import { parseArgs, type ParseArgsConfig } from "node:util";

/** Ends the command with a line and 2. */
export const refuse = (message: string): never => {
  process.stderr.write(`${message}\n`);
  process.exit(2);
};

/** The options of a command; one that is unknown or lacks its value ends it with a line and 2. */
export const optionsOf = <T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> => {
  try {
    return parseArgs(config);
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
};

/** A number of things from the command line: 1 or more, or the command ends with a line and 2. */
export const countOf = (name: string, text: string): number =>
  /^[1-9]\d{0,8}$/.test(text) ? Number(text) : refuse(`--${name} must be a whole number from 1, not "${text}"`);
