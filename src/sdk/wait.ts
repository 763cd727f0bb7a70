import type { LogRowAnswer } from "../contract/answers/session-log.ts";
import type { SessionDetailAnswer } from "../contract/answers/session.ts";
import type { PageAnswer } from "../contract/answers/lists.ts";
import { OpsCoreError, SessionFailedError } from "./errors.ts";
import type { CallOptions } from "./options.ts";
import type { PageQuery } from "./pages.ts";
import type { Seams } from "./seams.ts";

/** How a session is waited for. */
export interface WaitOptions {
  /**
   * How long to wait, in milliseconds; then the error `timed_out`, and the session goes on. Default: as long as it takes. A
   * look that has begun by then has ten seconds more.
   */
  readonly timeoutMs?: number;
  /** Called with the session at first and whenever it has changed. */
  readonly onProgress?: (session: SessionDetailAnswer) => void;
  /** A session that fails or is cancelled is the error `SessionFailedError`. */
  readonly throwOnFailure?: boolean;
  /** Ends the wait with the error `aborted`; the session goes on. */
  readonly signal?: AbortSignal;
}

/** How a log is followed. */
export interface FollowOptions {
  /** Ends it with the error `aborted`. */
  readonly signal?: AbortSignal;
  /** Rows up to this number are left out. Default 0: from the beginning. */
  readonly afterSeq?: number;
}

const SHORTEST_MS = 250;
const LONGEST_MS = 5_000;

/** The time between two looks: longer while nothing changes, short again as soon as something does. */
const looks = (seams: Seams, signal: AbortSignal | undefined) => {
  let waitMs = SHORTEST_MS;
  return {
    changed: (): void => {
      waitMs = SHORTEST_MS;
    },
    /** Waits, but not beyond `untilMs`. */
    next: async (untilMs = Infinity): Promise<void> => {
      await seams.sleep(Math.max(0, Math.min(waitMs, untilMs - seams.now())), signal);
      if (signal?.aborted === true) throw new OpsCoreError("aborted", "The wait was aborted");
      waitMs = Math.min(LONGEST_MS, waitMs * 1.5);
    },
  };
};

const callOptions = (signal: AbortSignal | undefined): CallOptions => (signal === undefined ? {} : { signal });

/** How long a look may take, repeats included, beyond the time that is waited for. */
const LAST_LOOK_MS = 10_000;

/** One look; after `limitMs` it is the error `timed_out`. */
const within = async <T>(
  seams: Seams,
  limitMs: number,
  signal: AbortSignal | undefined,
  read: (signal: AbortSignal | undefined) => Promise<T>,
): Promise<T> => {
  if (limitMs === Infinity) return read(signal);
  const over = new AbortController();
  const done = new AbortController();
  void seams.sleep(limitMs, done.signal).then(() => {
    if (!done.signal.aborted) over.abort();
  });
  try {
    return await read(signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]));
  } catch (error) {
    if (!over.signal.aborted || signal?.aborted === true) throw error;
    throw new OpsCoreError("timed_out", "The wait is over, and the last look was not answered; the session goes on");
  } finally {
    done.abort();
  }
};

/** @internal */
export const waitForSession = async (
  seams: Seams,
  get: (sessionId: string, options: CallOptions) => Promise<SessionDetailAnswer>,
  sessionId: string,
  options: WaitOptions,
): Promise<SessionDetailAnswer> => {
  const { timeoutMs = Infinity, onProgress, throwOnFailure = false, signal } = options;
  const untilMs = seams.now() + timeoutMs;
  const look = looks(seams, signal);
  let seen = "";
  for (;;) {
    const limitMs = untilMs + LAST_LOOK_MS - seams.now();
    const session = await within(seams, limitMs, signal, (either) => get(sessionId, callOptions(either)));
    // Progress of an attempt does not touch `updatedAt`.
    const shown = JSON.stringify(session);
    if (shown !== seen) {
      look.changed();
      onProgress?.(session);
    }
    seen = shown;
    if (session.endedAt !== null) {
      if (throwOnFailure && session.status !== "completed") throw new SessionFailedError(session);
      return session;
    }
    if (seams.now() >= untilMs) {
      throw new OpsCoreError(
        "timed_out",
        `Session ${sessionId} is ${session.status} after ${timeoutMs} ms; it goes on`,
      );
    }
    await look.next(untilMs);
  }
};

const ENDS: ReadonlySet<string> = new Set(["SessionCompleted", "SessionFailed", "SessionCancelled"]);

/** @internal */
export async function* followLog(
  seams: Seams,
  read: (query: PageQuery, options: CallOptions) => Promise<PageAnswer<LogRowAnswer>>,
  { signal, afterSeq = 0 }: FollowOptions,
): AsyncGenerator<LogRowAnswer, void> {
  const look = looks(seams, signal);
  let seen = 0;
  let ended = false;
  let page: PageQuery = {};
  for (;;) {
    const { data, nextCursor } = await read(page, callOptions(signal));
    // The last page is read again until it is full, as only a full one has a cursor: its first rows are known.
    for (const row of data) {
      if (row.seq <= seen) continue;
      seen = row.seq;
      look.changed();
      ended ||= row.events.some((event) => ENDS.has(event.type));
      if (row.seq > afterSeq) yield row;
    }
    if (nextCursor !== null) page = { cursor: nextCursor };
    else if (ended) return;
    else await look.next();
  }
}
