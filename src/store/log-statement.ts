import type { LogRow } from "../app/store-port.ts";
import { EVENT_VERSION } from "../core/session/events.ts";
import type { Expression } from "./load-facts.ts";
import type { Statement } from "./sql-port.ts";

/** A log row, conditional on `when`. */
export const logStatement = (log: LogRow, nonce: string, when: Expression): Statement => ({
  sql: `INSERT INTO log (stream, seq, tx, at, v, cause, events, hash) SELECT ?, ?, ?, ?, ?, ?, ?, ? WHERE ${when.sql}`,
  args: [
    log.stream,
    log.seq,
    nonce,
    log.at,
    EVENT_VERSION,
    JSON.stringify(log.cause),
    log.events,
    log.hash,
    ...when.args,
  ],
});
