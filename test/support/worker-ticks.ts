import { vi } from "vitest";
import type { HintMessage } from "../../src/queue/queue-hints.ts";
import type { D1 } from "../../src/store/d1.ts";
import type { Sql, SqlValue, Statement } from "../../src/store/sql-port.ts";
import { API_KEY } from "./world.ts";

/** D1 takes so many statements an invocation, which no local simulator enforces. */
const STATEMENTS = 1_000;
/** As wrangler.toml sets the queue up. */
const MESSAGES = 100;
const RETRY_MS = 5_000;
const SWEEP_GAP_MS = 5_000;

interface Context {
  waitUntil(work: Promise<unknown>): void;
}

interface QueueMessage {
  readonly id: string;
  readonly body: HintMessage;
  ack(): void;
  retry(): void;
}

/** What the platform calls in the Worker's entry, whose own types only a Worker's code may see. */
export interface WorkerEntry {
  readonly queue: (
    batch: { readonly messages: readonly QueueMessage[] },
    env: object,
    context: Context,
  ) => Promise<void>;
  readonly scheduled: (controller: object, env: object, context: Context) => Promise<void>;
}

/** The Worker's own entry over any Sql port; cron and queue are the test's. `Date` and `setTimeout` must be faked. */
export interface WorkerTicks {
  /** One cron tick from start to end. `between`: after each sweep and all that it caused, the queue's work too. */
  tick(between: () => Promise<void>): Promise<void>;
  /** The sessions that the queue was told of, in that order, each once. */
  readonly handedOn: ReadonlySet<string>;
  /** How many invocations the database refused something, because they had sent too much. */
  refused(): number;
}

/** One invocation's D1: it refuses what is too much for an invocation, as D1 does. */
const limitedD1 = (sql: Sql, refuse: () => void): D1 => {
  let sent = 0;
  return {
    prepare: (text) => ({ bind: (...args) => ({ sql: text, args: args as SqlValue[] }) as never }),
    batch: async (bound) => {
      const statements = bound as unknown as readonly Statement[];
      const before = sent;
      sent += statements.length;
      if (sent > STATEMENTS) {
        if (before <= STATEMENTS) refuse();
        throw new Error("D1_ERROR: Too many API requests by single worker invocation.");
      }
      return (await sql.batch(statements, "write")).map(({ rows }) => ({ results: [...rows] }));
    },
  };
};

export const createWorkerTicks = (worker: WorkerEntry, sql: Sql): WorkerTicks => {
  const handedOn = new Set<string>();
  let refused = 0;
  let queue: { readonly body: HintMessage; readonly at: number }[] = [];
  const underWay = new Set<Promise<unknown>>();
  const HINTS = {
    sendBatch: (sent: readonly { body: HintMessage; delaySeconds?: number }[]) => {
      for (const { body } of sent) handedOn.add(body.sessionId);
      queue.push(...sent.map(({ body, delaySeconds = 0 }) => ({ body, at: Date.now() + delaySeconds * 1_000 })));
      return Promise.resolve();
    },
  };
  const invocation = (): readonly [object, Context] => {
    const env = {
      DB: limitedD1(sql, () => (refused += 1)),
      HINTS,
      OPSCORE_API_KEY: API_KEY,
      AGENTKIT_API_URL: "http://agentkit.test/v1",
      OPSCORE_DISPATCH: "direct",
      OPSCORE_EGRESS: "local",
    };
    const waitUntil = (work: Promise<unknown>): void => {
      const done = work.finally(() => underWay.delete(done));
      underWay.add(done);
    };
    return [env, { waitUntil }];
  };
  const atRest = async (): Promise<void> => {
    while (underWay.size > 0) await Promise.all(underWay);
  };
  /** Invocations of the consumer until no message is due. */
  const consume = async (): Promise<void> => {
    for (;;) {
      const batch = queue.filter(({ at }) => at <= Date.now()).slice(0, MESSAGES);
      if (batch.length === 0) return;
      queue = queue.filter((message) => !batch.includes(message));
      const messages = batch.map(({ body }, at) => ({
        id: `m${at}`,
        body,
        ack: () => undefined,
        retry: () => void queue.push({ body, at: Date.now() + RETRY_MS }),
      }));
      await worker.queue({ messages }, ...invocation());
      await atRest();
    }
  };
  return {
    handedOn,
    refused: () => refused,
    tick: async (between) => {
      let over = false;
      const ticking = worker.scheduled({}, ...invocation()).finally(() => {
        over = true;
      });
      while (!over) {
        await new Promise((resolve) => setImmediate(resolve));
        await atRest();
        // The one timer that is left then is the gap between two sweeps.
        if (!over && vi.getTimerCount() === 0) continue;
        await consume();
        await between();
        if (!over) vi.advanceTimersByTime(SWEEP_GAP_MS);
      }
      await ticking;
    },
  };
};
