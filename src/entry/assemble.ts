import type { HttpCall } from "../agentkit/http-call.ts";
import { createAgentGateway } from "../agentkit/gateway.ts";
import { createTaskCaller } from "../agentkit/task-caller.ts";
import { createWebhookSender } from "../agentkit/webhook-sender.ts";
import type { Deps } from "../app/deps.ts";
import { createGraphCache, type GraphCache } from "../app/graph-cache.ts";
import type { Clock, Defer, Entropy, Hints, Log } from "../app/ports.ts";
import { cronerCalendar } from "../calendar/croner-calendar.ts";
import type { Config } from "../contract/config.ts";
import { createStore } from "../store/store.ts";
import type { Sql } from "../store/sql-port.ts";
import { systemClock, systemEntropy, systemRest } from "./system.ts";

export interface Parts {
  readonly sql: Sql;
  readonly call: HttpCall;
  readonly defer: Defer;
  readonly hints: Hints;
  readonly log: Log;
  readonly clock?: Clock;
  readonly entropy?: Entropy;
  readonly graphs?: GraphCache;
}

/** The use cases' dependencies, from a configuration and the parts that differ by platform. */
export const assemble = (config: Config, parts: Parts): Deps => {
  const clock = parts.clock ?? systemClock;
  return {
    store: createStore(parts.sql),
    gateway: createAgentGateway({
      call: parts.call,
      agentKitUrl: config.agentkitApiUrl,
      ...(config.agentkitApiKey === null ? {} : { agentKitApiKey: config.agentkitApiKey }),
      mode: config.dispatch,
      egress: config.egress,
      now: () => clock.now(),
    }),
    calls: createTaskCaller({
      call: parts.call,
      agentKitUrl: config.agentkitApiUrl,
      agentKitApiKey: config.agentkitApiKey,
      egress: config.egress,
      secrets: config.secrets,
      now: () => clock.now(),
    }),
    rest: systemRest,
    webhooks: createWebhookSender({ call: parts.call, egress: config.egress, now: () => clock.now() }),
    clock,
    entropy: parts.entropy ?? systemEntropy,
    defer: parts.defer,
    hints: parts.hints,
    log: parts.log,
    graphs: parts.graphs ?? createGraphCache(),
    calendar: cronerCalendar,
  };
};
