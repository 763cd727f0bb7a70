import type { TaskCaller } from "./call-port.ts";
import type { CallLimits } from "../core/session/commands.ts";
import type { AgentGateway, Calendar, Clock, Defer, Entropy, Hints, Log } from "./ports.ts";
import { hexOf } from "./sha256.ts";
import type { GraphCache } from "./graph-cache.ts";
import type { Store } from "./store-port.ts";
import type { Turns } from "./turns.ts";
import type { WebhookSender } from "./webhook-port.ts";

/** Everything a use case may touch. Built once by the entry; holds no state of requests. */
export interface Deps {
  readonly store: Store;
  readonly gateway: AgentGateway;
  readonly calls: TaskCaller;
  readonly webhooks: WebhookSender;
  /** Which calls this invocation leaves to the queue consumer; absent: none. */
  readonly callLimits?: CallLimits;
  /** Where one process is all that writes: its commands on one session in turn; absent: as they come. */
  readonly turns?: Turns;
  /** Waits so many milliseconds before a stale writer tries again; absent: it tries at once. */
  readonly rest?: (ms: number) => Promise<void>;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly defer: Defer;
  readonly hints: Hints;
  readonly log: Log;
  readonly graphs: GraphCache;
  readonly calendar: Calendar;
}

/** Lower-case hexadecimal digits of `bytes` random bytes: seeds, nonces, ids. */
export const randomHex = (entropy: Entropy, bytes: number): string => hexOf(entropy.bytes(bytes));
