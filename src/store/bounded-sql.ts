import type { Sql } from "./sql-port.ts";

/**
 * How long a batch may go without an answer (ms). A store that hangs must become a 503 within 5 s: this, the look-up
 * after a commit, and half a second for what was answered before and for the answer itself.
 */
export const ANSWER_MS = 4_000;

/** How long the look-up for a commit without an answer may take (ms): it comes on top of `ANSWER_MS`. */
export const LOOK_UP_MS = 500;

/**
 * A Sql port over a network, each of whose batches is rejected when it has had no answer for `answerMs`, or for the
 * caller's `withinMs` if that is less. The rejection says nothing of what became of a write: it may be committed, even
 * later. Nothing can be taken back here, so the batch goes on; what it answers then is dropped, a rejection too.
 */
export const boundedSql = (sql: Sql, answerMs: number = ANSWER_MS): Sql => ({
  batch: (statements, mode, withinMs = answerMs) =>
    new Promise((resolve, reject) => {
      const ms = Math.min(withinMs, answerMs);
      const answer = sql.batch(statements, mode);
      const timer = setTimeout(() => reject(new Error(`the database did not answer within ${ms} ms`)), ms);
      const settled = (): void => clearTimeout(timer);
      answer.finally(settled).then(resolve, reject);
    }),
});
