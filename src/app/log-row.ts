import type { JsonObject } from "../core/json.ts";
import { EVENT_VERSION } from "../core/session/events.ts";
import type { Actor } from "../core/session/state.ts";
import { sha256 } from "./sha256.ts";
import type { LogRow } from "./store-port.ts";

/** Why a row was written: the command, who gave it, and the request it came with. */
export interface Cause {
  readonly command: string;
  readonly actor: Actor;
  readonly requestId: string | null;
}

export const systemCause = (command: string): Cause => ({
  command,
  actor: { kind: "system", id: "engine" },
  requestId: null,
});

/**
 * The next row of a stream, chained to the one before by SHA-256: an edit of any row shows in every later
 * one. `previousHash` is empty for the first row.
 */
export const logRow = async (
  row: { readonly stream: string; readonly seq: number; readonly at: number },
  cause: Cause,
  events: readonly object[],
  previousHash: string,
): Promise<LogRow> => {
  const why: JsonObject = { command: cause.command, actor: { ...cause.actor }, requestId: cause.requestId };
  const text = JSON.stringify(events);
  const chained = JSON.stringify([previousHash, row.stream, row.seq, row.at, EVENT_VERSION, JSON.stringify(why), text]);
  return { ...row, cause: why, events: text, hash: await sha256(chained) };
};
