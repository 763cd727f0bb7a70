import { createOpsCore, type OpsCore } from "../sdk/client.ts";
import type { ClientOptions } from "../sdk/options.ts";
import { platformSeams, type Seams } from "../sdk/seams.ts";
import { usageError } from "./exit-codes.ts";
import type { Io } from "./io.ts";
import type { Printer } from "./printer.ts";
import type { Settings } from "./settings.ts";
import { durationMs } from "./text.ts";

/** What a command works with, once its command line is read. */
export interface Context {
  readonly io: Io;
  readonly printer: Printer;
  /** Read at the first use: commands of this machine need none. A usage error if a file of them cannot be meant. */
  readonly settings: () => Settings;
  /** Made at its first use. A usage error if it cannot work. */
  readonly client: () => OpsCore;
  /** Ends the command with another code than 0, without an error. */
  readonly endWith: (exitCode: number) => void;
}

/** Makes an action of what a command does: its arguments, then its options. */
export type Act = <A extends readonly unknown[]>(
  work: (context: Context, ...args: A) => void | Promise<void>,
) => (...args: A) => Promise<void>;

/**
 * A file of the project may be another's: it may say where the server is, but not have the user's own key sent there.
 */
const refuseForeignUrl = ({ url, apiKey }: Settings): void => {
  if (url.source !== "project file" || apiKey.source !== "user file") return;
  throw usageError(
    `The URL is of ${url.origin ?? "the project"}, the key of ${apiKey.origin ?? "the user"}: it is not sent there.`,
    "Give the key by --api-key or OPSCORE_API_KEY, or the URL by --url or OPSCORE_URL.",
  );
};

const either = (one: AbortSignal | undefined, other: AbortSignal): AbortSignal =>
  one === undefined ? other : AbortSignal.any([one, other]);

/** Ctrl-C ends every wait, between two repeats of a call as well. */
const untilAborted = (io: Io): Seams => {
  const seams = io.seams ?? platformSeams;
  return { ...seams, sleep: (ms, signal) => seams.sleep(ms, either(signal, io.signal)) };
};

/** Timers take no more: a longer one would be over at once. */
const LONGEST_MS = 2_147_483_647;

/** How the API is reached. */
export const clientOptionsOf = (io: Io, settings: Settings): ClientOptions => {
  refuseForeignUrl(settings);
  const { url, apiKey, requestTimeout } = settings;
  const timeoutMs = durationMs(requestTimeout.value ?? "");
  if (timeoutMs === null || timeoutMs === 0 || timeoutMs > LONGEST_MS) {
    throw usageError(
      `The request time-out is no duration such as 30s, 24d at most (${requestTimeout.origin ?? "default"}).`,
    );
  }
  const fetch = io.fetch ?? ((to: string, init: RequestInit) => globalThis.fetch(to, init));
  return {
    baseUrl: url.value ?? "",
    ...(apiKey.value === null ? {} : { apiKey: apiKey.value }),
    timeoutMs,
    seams: untilAborted(io),
    fetch: (to, init) => fetch(to, { ...init, signal: either(init.signal ?? undefined, io.signal) }),
  };
};

/** A client, or a usage error that names the setting which cannot work. */
export const clientOf = (io: Io, settings: Settings): OpsCore => {
  const options = clientOptionsOf(io, settings);
  try {
    return createOpsCore(options);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const about = error.message.startsWith("apiKey") ? settings.apiKey : settings.url;
    throw usageError(`${error.message} (${about.origin ?? "default"})`);
  }
};
