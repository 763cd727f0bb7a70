import { readJson } from "../../core/read-json.ts";
import { EVENT_VERSION } from "../../core/session/events.ts";
import { chainHash } from "../log-row.ts";
import type { RawLogRow } from "../rebuild-port.ts";
import { UnreadableLog } from "./findings.ts";

/** How far a stream has been read: its newest row. */
export interface StreamEnd {
  readonly seq: number;
  readonly hash: string;
}

export const START: StreamEnd = { seq: 0, hash: "" };

/** What the stream of an agent begins with; its id follows. */
export const AGENT_STREAM = "agent:";

/** Why a row does not follow the one before, in words; `null` if it does. */
export const chainFault = async (before: StreamEnd, row: RawLogRow): Promise<string | null> => {
  if (row.seq !== before.seq + 1) return `row ${row.seq} follows row ${before.seq}`;
  if ((await chainHash(before.hash, row)) === row.hash) return null;
  return "its hash does not follow from the row before and its own text: one of them was changed";
};

/** Refuses a row that a newer release has written: what it means is not known here. */
export const refuseNewer = (row: Pick<RawLogRow, "stream" | "seq" | "v">): void => {
  if (row.v <= EVENT_VERSION) return;
  throw new UnreadableLog(
    `Row ${row.seq} of ${row.stream} is of version ${row.v}, and this release reads up to version ${EVENT_VERSION}. ` +
      "Run the release that wrote it.",
  );
};

const hasType = (event: unknown): boolean =>
  typeof event === "object" && event !== null && "type" in event && typeof event.type === "string";

/**
 * The events of a row whose hash fits. Throws `UnreadableLog` for a type of event that is not `known`, and any other
 * error for what is no list of events.
 */
export const eventsOf = <E extends { readonly type: string }>(
  row: RawLogRow,
  known: ReadonlySet<string>,
): readonly E[] => {
  const list: unknown = readJson(row.events);
  if (!Array.isArray(list) || !list.every(hasType)) throw new TypeError("it holds no list of events");
  const events = list as readonly E[];
  const strange = events.find(({ type }) => !known.has(type));
  if (strange === undefined) return events;
  throw new UnreadableLog(
    `Row ${row.seq} of ${row.stream} holds an event of type ${strange.type}, which is not known here.`,
  );
};
