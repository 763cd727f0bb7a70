/** Retry arithmetic. All durations are milliseconds. */
export interface RetryCurve {
  readonly initialIntervalMs: number;
  readonly backoffCoefficient: number;
  readonly maximumIntervalMs: number;
}

/** The longest wait before the retry that follows the `used`-th counted attempt (1-based). */
export const backoffCeilingMs = (curve: RetryCurve, used: number): number =>
  Math.min(curve.maximumIntervalMs, curve.initialIntervalMs * curve.backoffCoefficient ** Math.max(0, used - 1));

/** Full jitter: uniform between nothing and the ceiling; `fraction` is in [0, 1). */
export const backoffMs = (curve: RetryCurve, used: number, fraction: number): number =>
  Math.floor(backoffCeilingMs(curve, used) * fraction);

/** The wait after the n-th refusal in a row (1-based): 1 s doubling to 5 min; a `Retry-After` wins. */
export const refusalBackoffMs = (refusals: number, retryAfterMs: number | null): number =>
  retryAfterMs ?? Math.min(300_000, 1_000 * 2 ** Math.min(20, Math.max(0, refusals - 1)));
