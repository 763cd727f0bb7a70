import type { AuditAction } from "../contract/audit.ts";
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
  /** Set where an operator asks for a change: the change is recorded in the audit chain, see `app/audit/record.ts`. */
  readonly action?: AuditAction;
}

export const systemCause = (command: string): Cause => ({
  command,
  actor: { kind: "system", id: "engine" },
  requestId: null,
});

/** The hash of a row of a stream, over that of the row before (empty for the first) and all of its own texts. */
export const chainHash = (
  previousHash: string,
  row: {
    readonly stream: string;
    readonly seq: number;
    readonly at: number;
    readonly v: number;
    readonly cause: string;
    readonly events: string;
  },
): Promise<string> => sha256(JSON.stringify([previousHash, row.stream, row.seq, row.at, row.v, row.cause, row.events]));

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
  const chained = { ...row, v: EVENT_VERSION, cause: JSON.stringify(why), events: text };
  return { ...row, cause: why, events: text, hash: await chainHash(previousHash, chained) };
};
