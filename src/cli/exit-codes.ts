import { OpsCoreError } from "../sdk/errors.ts";

/** What a command ends with. Scripts depend on each number. */
export const EXIT = {
  ok: 0,
  failure: 1,
  usage: 2,
  notFound: 3,
  auth: 4,
  conflict: 5,
  unreachable: 6,
  timeout: 7,
  runFailed: 10,
  cancelled: 11,
  interrupted: 130,
} as const;

/** What people read of each code in `opscore --help`. */
export const EXIT_HELP = `Exit codes
  0 ok · 1 failure · 2 usage · 3 not found · 4 authentication or scope · 5 conflict · 6 unreachable · 7 time-out
  10 the session failed · 11 the session was cancelled · 130 interrupted`;

/** A command cannot go on for a reason of its own: its words, what to do about it, and the exit code. */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly exitCode: number;
  readonly code: string;
  readonly hint: string | null;

  constructor(
    exitCode: number,
    code: string,
    message: string,
    { hint, cause }: { hint?: string; cause?: unknown } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.exitCode = exitCode;
    this.code = code;
    this.hint = hint ?? null;
  }
}

/** The command line, or what it names, cannot be meant. */
export const usageError = (message: string, hint?: string): CliError =>
  new CliError(EXIT.usage, "usage", message, hint === undefined ? {} : { hint });

/** Statuses of what stands between us and Ops-Core, when Ops-Core itself is not there. */
const GATEWAY = [502, 503, 504];

const ofAnswer = (status: number | null): number => {
  switch (status) {
    case 401:
    case 403:
      return EXIT.auth;
    case 404:
      return EXIT.notFound;
    case 409:
      return EXIT.conflict;
    default:
      return EXIT.failure;
  }
};

/** The exit code that an error stands for. */
export const exitCodeOf = (error: unknown): number => {
  if (error instanceof CliError) return error.exitCode;
  if (!(error instanceof OpsCoreError)) return EXIT.failure;
  switch (error.code) {
    case "connection_failed":
      return EXIT.unreachable;
    case "timed_out":
      return EXIT.timeout;
    case "aborted":
      return EXIT.interrupted;
    case "invalid_answer":
      return error.status !== null && GATEWAY.includes(error.status) ? EXIT.unreachable : EXIT.failure;
    default:
      return ofAnswer(error.status);
  }
};

/** The exit code that the end of a session stands for. */
export const exitCodeOfSession = (status: string): number => {
  switch (status) {
    case "failed":
      return EXIT.runFailed;
    case "cancelled":
      return EXIT.cancelled;
    default:
      return EXIT.ok;
  }
};
