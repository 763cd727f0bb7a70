/** How often something may be done: `limit` times in `windowSeconds`. */
export interface Quota {
  readonly limit: number;
  readonly windowSeconds: number;
}

/** What became of asking for one more. */
export interface Taken {
  readonly ok: boolean;
  /** How many more at once; `null`: the platform does not say. */
  readonly remaining: number | null;
  /** In how many seconds there is one again, or all of them if there is one. */
  readonly resetSeconds: number;
}

/** Counts the requests of each key. Never throws. `now`: epoch ms. */
export interface KeyLimiter {
  readonly quota: Quota;
  readonly take: (key: string, now: number) => Taken | Promise<Taken>;
}

/** Counts what fails of each address. Never throws. `now`: epoch ms. */
export interface FailureLimiter {
  /** For how many seconds the address has failed too often; `null`: it has not. Asks nobody. */
  blockedFor(address: string, now: number): number | null;
  /** It failed once more: as `blockedFor`. */
  failed(address: string, now: number): number | null | Promise<number | null>;
}
