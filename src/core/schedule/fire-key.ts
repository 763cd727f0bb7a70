import type { PendingStart } from "./schedule.ts";

/** Clients' Idempotency-Keys are visible ASCII: none begins with this. */
const MARK = " ";

/**
 * The key under which a start finds its session again, however often it is made. `incarnation` tells a schedule from
 * one of the same id that was deleted.
 */
export const fireKey = (
  scheduleId: string,
  incarnation: string,
  { at, tag }: Pick<PendingStart, "at" | "tag">,
): string => `${MARK}schedule ${scheduleId} ${incarnation} ${tag === null ? at : `hand ${tag}`}`;

/** Keys of our own never expire: a start may be made again after any time away. */
export const isOwnKey = (key: string): boolean => key.startsWith(MARK);
