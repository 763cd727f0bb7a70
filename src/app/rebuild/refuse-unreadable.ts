import { AGENT_EVENTS } from "../../core/agent/events.ts";
import { isSessionId } from "../../core/ids.ts";
import { SESSION_EVENTS } from "../../core/session/events.ts";
import { chainHash } from "../log-row.ts";
import type { RawLogRow, RebuildStore } from "../rebuild-port.ts";
import { UnreadableLog } from "./findings.ts";
import { AGENT_STREAM, eventsOf, refuseNewer } from "./read-log.ts";

const PAGE = 200;

const knownIn = (stream: string): ReadonlySet<string> | null =>
  isSessionId(stream) ? SESSION_EVENTS : stream.startsWith(AGENT_STREAM) ? AGENT_EVENTS : null;

/** The refusal of a row that holds a type of event not known here; `null` for any other row. */
const refusalOf = (row: RawLogRow): UnreadableLog | null => {
  const known = knownIn(row.stream);
  if (known === null) return null;
  try {
    eventsOf(row, known);
    return null;
  } catch (error) {
    return error instanceof UnreadableLog ? error : null;
  }
};

/**
 * Reads the whole log before anything is concluded or written. Throws `UnreadableLog` for a row of a newer version, and
 * for one that was written, with its hash, by a release that knows more types of events. A row that does not follow
 * from the one before is left to be told of as damage.
 */
export const refuseUnreadable = async (store: RebuildStore): Promise<void> => {
  for (let pos = 0; ;) {
    const rows = await store.readLogAfter(pos, PAGE);
    for (const row of rows) {
      refuseNewer(row);
      const refusal = refusalOf(row);
      if (refusal === null) continue;
      const before = await store.hashBefore(row.stream, row.seq);
      if (before !== null && (await chainHash(before, row)) === row.hash) throw refusal;
    }
    pos = rows.at(-1)?.pos ?? pos;
    if (rows.length < PAGE) return;
  }
};
