import type { Clock, Hint, Hints, Log } from "../app/ports.ts";

/** The part of a Cloudflare Queue producer that is used. */
export interface HintQueue {
  sendBatch(messages: { body: HintMessage; delaySeconds?: number }[]): Promise<unknown>;
}

/** A queue message: an id, never a payload. */
export interface HintMessage {
  readonly sessionId: string;
}

const BATCH = 100;
const MAX_DELAY_SECONDS = 43_200;

/** Hints as queue messages. Only what is wanted on time is sent; deadlines are the cron tick's business. */
export const createQueueHints = (queue: HintQueue, clock: Clock, log: Log): Hints => ({
  send: async (hints: readonly Hint[]) => {
    const messages = hints
      .filter((hint) => hint.kind === "retry")
      .map((hint) => ({
        body: { sessionId: hint.sessionId },
        delaySeconds: Math.max(0, Math.ceil((hint.at - clock.now()) / 1_000)),
      }))
      .filter(({ delaySeconds }) => delaySeconds <= MAX_DELAY_SECONDS);
    for (let at = 0; at < messages.length; at += BATCH) {
      try {
        await queue.sendBatch(messages.slice(at, at + BATCH));
      } catch (error) {
        log.log("warn", "hints could not be sent; the tick will find the sessions", {
          error: error instanceof Error ? error.message : String(error),
        });
      }
    }
  },
});
