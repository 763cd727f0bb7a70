import { createHash } from "node:crypto";
import type { HttpCall, HttpRequest } from "../../../src/agentkit/http-call.ts";
import { createAgentGateway } from "../../../src/agentkit/gateway.ts";
import { createTaskCaller } from "../../../src/agentkit/task-caller.ts";
import { AUDIT_STREAM } from "../../../src/app/audit-port.ts";
import { createWebhookSender } from "../../../src/agentkit/webhook-sender.ts";
import type { Deps } from "../../../src/app/deps.ts";
import { createGraphCache } from "../../../src/app/graph-cache.ts";
import { cronerCalendar } from "../../../src/calendar/croner-calendar.ts";
import { createQueueHints, type HintMessage } from "../../../src/queue/queue-hints.ts";
import type { Sql, Statement } from "../../../src/store/sql-port.ts";
import { createStore } from "../../../src/store/store.ts";

/** Makes one port call; `acts`: it changes something outside. Where the worker dies of it, it never returns. */
export type Port = <T>(name: string, acts: boolean, effect: () => T | Promise<T>) => Promise<T>;

interface Outside {
  readonly sql: Sql;
  readonly agents: HttpCall;
  readonly mode: "auto" | "direct" | "agentkit";
  readonly hints: "delivered" | "lost";
  readonly callLimits?: Deps["callLimits"];
  /** A planted mutant: every write batch is two, or the audit row has one of its own. */
  readonly broken?: string;
  readonly now: () => number;
  /** A number never drawn before. */
  readonly draw: () => number;
  readonly defer: Deps["defer"]["defer"];
  readonly deliver: (message: HintMessage, delayMs: number) => void;
  readonly log: Deps["log"]["log"];
}

const nameOf = (statements: readonly Statement[], mode: string): string => {
  const text = statements[0]?.sql.trim().replaceAll(/\s+/g, " ") ?? "";
  const what = /^(INSERT INTO|UPDATE|DELETE FROM)\s+\S+/i.exec(text)?.[0] ?? "SELECT";
  return `database ${mode}: ${what}${statements.length > 1 ? ` and ${statements.length - 1} more` : ""}`;
};

const halved =
  (whole: Sql["batch"]): Sql["batch"] =>
  async (statements, mode) => {
    if (mode === "read" || statements.length < 2) return whole(statements, mode);
    return [...(await whole(statements.slice(0, 1), mode)), ...(await whole(statements.slice(1), mode))];
  };

const isOfAudit = ({ sql, args }: Statement): boolean =>
  /^\s*(INSERT INTO|UPDATE) chain_heads/.test(sql) || (sql.includes("INTO log") && args[0] === AUDIT_STREAM);

/** The change first, and what is recorded of it in a batch of its own. */
const auditApart =
  (whole: Sql["batch"]): Sql["batch"] =>
  async (statements, mode) => {
    const later = statements.filter(isOfAudit);
    if (mode === "read" || later.length === 0) return whole(statements, mode);
    const first = statements.filter((one) => !isOfAudit(one));
    const done = [...(await whole(first, mode)), ...(await whole(later, mode))];
    const order = [...first, ...later];
    return statements.map((one) => done[order.indexOf(one)]!);
  };

const mutants: Readonly<Record<string, (whole: Sql["batch"]) => Sql["batch"]>> = {
  "split commit": halved,
  "audit apart": auditApart,
};

/** The dependencies of a worker, whose every call to the outside goes through `port`. */
export const depsOver = (port: Port, outside: Outside): Deps => {
  const clock = { now: outside.now };
  const log = { log: outside.log };
  const batch: Sql["batch"] = (statements, mode) =>
    port(nameOf(statements, mode), mode === "write", () => outside.sql.batch(statements, mode));
  const sendBatch = (messages: { body: HintMessage; delaySeconds?: number }[]): Promise<void> =>
    port("queue send", true, () => {
      if (outside.hints === "lost") return;
      for (const { body, delaySeconds = 0 } of messages) outside.deliver(body, delaySeconds * 1_000 + 20);
    });
  const agents = {
    call: (request: HttpRequest) => port(`${request.method} ${request.url}`, true, () => outside.agents(request)),
    agentKitUrl: "http://agentkit.sim/v1",
    egress: "local",
    now: outside.now,
  } as const;
  return {
    store: createStore({ batch: mutants[outside.broken ?? ""]?.(batch) ?? batch }),
    gateway: createAgentGateway({ ...agents, mode: outside.mode }),
    calls: createTaskCaller({ ...agents, agentKitApiKey: null, secrets: new Map() }),
    webhooks: createWebhookSender(agents),
    ...(outside.callLimits === undefined ? {} : { callLimits: outside.callLimits }),
    clock,
    entropy: {
      bytes: (length) => createHash("sha256").update(String(outside.draw())).digest().subarray(0, length),
    },
    defer: { defer: outside.defer },
    hints: createQueueHints({ sendBatch }, clock, log),
    log,
    graphs: createGraphCache(),
    calendar: cronerCalendar,
  };
};

/** The named functions on the stack, those that await this call included. */
export const callers = (): readonly string[] => {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 60;
  const { stack = "" } = new Error("here");
  Error.stackTraceLimit = limit;
  return stack.split("\n").map((line) => /^\s+at (?:async )?([^\s(]+)/.exec(line)?.[1] ?? "");
};
