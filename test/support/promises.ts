/**
 * What Ops-Core promises, in one sentence each. A test that holds some of them says so at the start of its title, ids
 * first and then a colon: "P2, P6: no death leaves half a command behind". `npm run promises` lists who holds what.
 */
export const promises = {
  P1: "2xx = committed: the effect of any 2xx survives kill -9 of every process, and power loss on Node.",
  P2: "All or nothing: one accepted command is one atomic batch; no reader sees part of it.",
  P3: "One order: a session's log is 1..n without gap or repeat; a read that starts after an answer shows its effect.",
  P4: "Rows are a cache of the log: fold(log) = rows after every commit.",
  P5: "At-least-once dispatch: a due task is dispatched until it is settled, cancelled or out of attempts, each fenced.",
  P6: "Exactly-once completion: one terminal event a task and a session; n copies of a report have one effect.",
  P7: "Late is kept: the result of an attempt that is over never changes state and is never thrown away.",
  P8: "Unknown outcome is safe: after a timeout or 5xx the caller may repeat the same request.",
  P9: "Newest fact wins for agents and registry, under any reordering; a stale fact goes to the history.",
  P10: "No silent drop: everything accepted ends, or stays open with a plain reason and a timer.",
  P11: "Pinned definitions, across deploys forth and back.",
  P12: "No input causes a 5xx, a crash or unbounded work.",
  P13: "Secrets never leave: no key, token, signature or secret in a log, event, error, trace or export.",
  P14: "Tamper-evident: logs are hash-chained, and any edit is found.",
  L1: "Due to dispatched: p99 within 2 s; within 65 s with every hint lost and cron alive.",
  L2: "10,000 overdue tasks are claimed within 10 minutes, oldest first, no agent above its capacity.",
  L3: "A worker killed at any await: the session moves again within its lease + 65 s.",
  L4: "A task that AgentKit accepted and lost: other transport or next attempt within the start deadline + 65 s.",
  L5: "AgentKit or the store down for a day: no session fails because of it; back to L1 within 65 s of healing.",
  L6: "Nothing is overdue (past its timer by 120 s) outside an outage.",
} as const;

export type PromiseId = keyof typeof promises;

/** Those that must be held by a test: all of them. */
export const required = Object.keys(promises) as readonly PromiseId[];

/** The promises that a test's title says it holds. */
export const promisesIn = (title: string): readonly PromiseId[] => {
  const colon = title.indexOf(":");
  const head = colon === -1 ? "" : title.slice(0, colon);
  if (!/^[PL]\d/.test(head)) return [];
  const ids: readonly string[] = head.match(/\b[PL]\d{1,2}\b/g) ?? [];
  return [...new Set(ids)].filter((id): id is PromiseId => id in promises);
};

/** What vitest's JSON reporter says of a run, as far as it is read here. */
export interface TestResults {
  readonly testResults: readonly {
    /** The test file. */
    readonly name: string;
    readonly assertionResults: readonly { readonly title: string; readonly status: string }[];
  }[];
}

export interface Holder {
  readonly file: string;
  readonly title: string;
}

/** Which tests of a run hold which promise. Only those that ran and passed: a skipped test proves nothing. */
export const holdersOf = (results: TestResults): ReadonlyMap<PromiseId, readonly Holder[]> => {
  const holders = new Map((Object.keys(promises) as PromiseId[]).map((id) => [id, [] as Holder[]]));
  for (const { name: file, assertionResults } of results.testResults) {
    for (const { title, status } of assertionResults) {
      if (status !== "passed") continue;
      for (const id of promisesIn(title)) holders.get(id)?.push({ file, title });
    }
  }
  return holders;
};

/** Promises that must be held and are not. */
export const unheld = (holders: ReadonlyMap<PromiseId, readonly Holder[]>): readonly PromiseId[] =>
  required.filter((id) => (holders.get(id) ?? []).length === 0);
