import type { DeliveryRecord, DeliveryResponse, Sending } from "../webhook-port.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** How long a delivery waits after its n-th failure; the last of them again and again, until three days have passed. */
const RETRIES_MS = [5_000, 30_000, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 12 * HOUR] as const;

/** A delivery that nobody took for so long (ms) has failed. */
export const GIVE_UP_MS = 3 * 24 * HOUR;

/** An endpoint that fails is left alone for so long at most (ms); then one delivery tries it. */
const LONGEST_REST_MS = 5 * MINUTE;

/** A `Retry-After` is followed up to this (ms). */
const LONGEST_WAIT_MS = 24 * HOUR;

const KEPT_CHARACTERS = 4_096;

const responseOf = ({ status, body, error }: Sending, isTaken: boolean): DeliveryResponse => ({
  status,
  body: body.slice(0, KEPT_CHARACTERS).replaceAll(/[\0\p{Surrogate}]/gu, "\uFFFD"),
  error: isTaken
    ? null
    : (error ?? (status !== null && status >= 300 && status < 400 ? "redirects are not followed" : "it was not taken")),
});

export interface AfterSending {
  readonly delivery: DeliveryRecord;
  readonly isTaken: boolean;
  /** The endpoint wants nothing more, ever. */
  readonly gone: boolean;
  /** How long the endpoint is left alone (ms); 0: not at all. */
  readonly restMs: number;
}

/**
 * What a delivery and its endpoint come to. 2xx takes it, 410 ends the subscription, all else is a failure: the delivery
 * is due again after a wait that grows, with jitter (`random`, from 0 to 1), not before `Retry-After`, for three days.
 */
export const afterSending = (
  before: DeliveryRecord,
  sending: Sending,
  failures: number,
  now: number,
  random: number,
): AfterSending => {
  const { status } = sending;
  const isTaken = status !== null && status >= 200 && status < 300;
  const attempts = before.attempts + 1;
  const tried = { ...before, attempts, triedAt: now, response: responseOf(sending, isTaken) };
  if (isTaken) {
    return { delivery: { ...tried, status: "delivered", nextAt: null }, isTaken, gone: false, restMs: 0 };
  }
  const asked = Math.min(sending.retryAfterMs ?? 0, LONGEST_WAIT_MS);
  const step = RETRIES_MS[Math.min(attempts, RETRIES_MS.length) - 1] ?? 0;
  const nextAt = now + Math.max(asked, Math.round(step * (0.8 + 0.4 * random)));
  const isOver = nextAt > before.expiresAt;
  const rest = Math.min(LONGEST_REST_MS, 1_000 * 2 ** Math.min(failures, 20));
  return {
    delivery: { ...tried, status: isOver ? "failed" : "pending", nextAt: isOver ? null : nextAt },
    isTaken,
    gone: status === 410,
    restMs: Math.max(asked, Math.round(rest * (0.5 + 0.5 * random))),
  };
};
