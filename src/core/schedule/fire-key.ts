import { ownKey } from "../own-key.ts";
import type { PendingStart } from "./schedule.ts";

/**
 * The key under which a start finds its session again, however often it is made. `incarnation` tells a schedule from
 * one of the same id that was deleted.
 */
export const fireKey = (
  scheduleId: string,
  incarnation: string,
  { at, tag }: Pick<PendingStart, "at" | "tag">,
): string => ownKey("schedule", scheduleId, incarnation, tag === null ? String(at) : `hand ${tag}`);
