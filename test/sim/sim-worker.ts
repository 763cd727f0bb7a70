import { createAgentGateway } from "../../src/agentkit/gateway.ts";
import { createTaskCaller } from "../../src/agentkit/task-caller.ts";
import { createWebhookSender } from "../../src/agentkit/webhook-sender.ts";
import type { HttpCall } from "../../src/agentkit/http-call.ts";
import { takeHint } from "../../src/app/take-hint.ts";
import type { Deps } from "../../src/app/deps.ts";
import type { GraphCache } from "../../src/app/graph-cache.ts";
import { OpsError } from "../../src/app/ops-error.ts";
import { sweep, tickSafely } from "../../src/app/sweep.ts";
import { cronerCalendar } from "../../src/calendar/croner-calendar.ts";
import { createApp } from "../../src/http/app.ts";
import { createQueueHints, type HintMessage } from "../../src/queue/queue-hints.ts";
import type { Sql, SqlResult, Statement } from "../../src/store/sql-port.ts";
import { createStore } from "../../src/store/store.ts";
import type { Random } from "./random.ts";
import type { SimWorld } from "./world.ts";

export const SIM_KEY = "simulation-key";
export const SIM_SECRET = "simulation-secret";

/** One isolate: its own clock, memory and background work, over the shared database. Dies at a port call. */
export interface SimWorker {
  readonly name: string;
  readonly offsetMs: number;
  alive: boolean;
  /** Requests, ticks and background work under way. */
  inFlight: number;
  /** Handles a request; `null` in the callback never comes: a dead worker answers nothing. */
  fetch(request: Request, done: (response: Response) => void): void;
  sweepOnce(): void;
  consume(message: HintMessage, retry: () => void): void;
}

type Outcome = "none" | "killBefore" | "killAfter" | "errorBefore" | "errorAfter" | "busy" | "stall";

const drawOutcome = (world: SimWorld, random: Random, mode: "read" | "write"): Outcome => {
  const { faults } = world;
  if (random.chance(faults.killBefore)) return "killBefore";
  if (random.chance(faults.killAfter)) return "killAfter";
  if (random.chance(faults.storeErrorBefore)) return "errorBefore";
  if (mode === "write" && random.chance(faults.storeErrorAfter)) return "errorAfter";
  if (mode === "write" && random.chance(faults.storeBusy)) return "busy";
  return random.chance(faults.storeStall) ? "stall" : "none";
};

/** The messages D1 and libSQL give in these cases. */
const errors = {
  errorBefore: "D1_ERROR: Network connection lost.",
  errorAfter: "D1_ERROR: D1 DB reset because its code was updated.",
  busy: "SQLITE_BUSY: database is locked",
} as const;

const STALL_MS = 80_000;

const simSql = (world: SimWorld, worker: SimWorker, random: Random): Sql => {
  const execute = (statements: readonly Statement[], mode: "read" | "write"): readonly SqlResult[] => {
    const results = world.db.batch(statements, mode);
    world.stats.batches += 1;
    if (world.deployAt.delete(world.stats.batches)) world.scheduler.after(random.between(0, 3), () => world.deploy());
    if (mode === "write") {
      world.checker.afterWrite();
      world.onWrite();
    }
    return results;
  };
  return {
    batch: (statements, mode) =>
      world.scheduler.park<readonly SqlResult[]>((resume, fail) => {
        const fire = (): void => {
          if (!worker.alive) return;
          const outcome = drawOutcome(world, random, mode);
          if (outcome !== "none") world.fault(outcome, worker.name);
          if (outcome === "killBefore") return world.kill(worker);
          if (outcome === "errorBefore" || outcome === "busy") return fail(new Error(errors[outcome]));
          const finish = (): void => {
            if (!worker.alive) return;
            let results: readonly SqlResult[];
            try {
              results = execute(statements, mode);
            } catch (error) {
              return fail(error);
            }
            if (outcome === "killAfter") return world.kill(worker);
            if (outcome === "errorAfter") return fail(new Error(errors.errorAfter));
            resume(results);
          };
          if (outcome === "stall") world.scheduler.after(STALL_MS, finish);
          else finish();
        };
        world.scheduler.after(random.between(0.1, world.faults.latencyMs), fire);
      }),
  };
};

/** Starts an isolate of the code under test: everything real but the ports. */
export const startSimWorker = (world: SimWorld, name: string, offsetMs: number, graphs: GraphCache): SimWorker => {
  const random = world.random.fork(`worker/${name}`);
  const entropy = world.random.fork(`entropy/${name}`);
  const { scheduler } = world;
  let offset = offsetMs;
  const clock = {
    now: () => {
      if (random.chance(world.faults.clockJump)) {
        offset += Math.round(random.between(-2_000, 2_000));
        world.fault("clockJump", name);
      }
      return Math.floor(scheduler.now) + offset;
    },
  };
  const spawn = (body: () => Promise<void>): void => {
    worker.inFlight += 1;
    scheduler.spawn(() => body().finally(() => (worker.inFlight -= 1)));
  };
  const worker: SimWorker = {
    name,
    offsetMs,
    alive: true,
    inFlight: 0,
    fetch: (request, done) => {
      spawn(async () => {
        const response = await app.fetch(request);
        if (worker.alive) done(response);
      });
    },
    sweepOnce: () => {
      spawn(async () => {
        try {
          const { version } = world.checker;
          const { ticked, handedOn } = await sweep(deps, { own: 100, limit: 1_000 });
          if (ticked + handedOn === 0) world.sweptInVain(version);
        } catch (error) {
          world.trace(`${name} sweep failed: ${error instanceof Error ? error.message : String(error)}`);
        }
      });
    },
    consume: (message, retry) => {
      spawn(async () => {
        try {
          await takeHint(deps, message);
        } catch (error) {
          if (error instanceof OpsError && error.code === "store_unavailable") retry();
          else await tickSafely(deps, message.sessionId);
        }
      });
    },
  };
  const log = {
    log: (level: string, message: string, fields: object = {}) => {
      if (level === "error") world.trace(`${name} ${message} ${JSON.stringify(fields)}`);
      if (level === "error" && message === "unexpected error") world.bug(`${name}: ${JSON.stringify(fields)}`);
    },
  };
  const call: HttpCall = (request) => world.callOut(worker, request, random);
  const outside = { call, agentKitUrl: "http://agentkit.sim/v1", egress: "local", now: clock.now } as const;
  const deps: Deps = {
    store: createStore(simSql(world, worker, random)),
    gateway: createAgentGateway({ ...outside, mode: world.mode }),
    calls: createTaskCaller({ ...outside, agentKitApiKey: null, secrets: new Map() }),
    webhooks: createWebhookSender(outside),
    ...(world.handsOn ? { callLimits: { firstMs: 20_000, againMs: Infinity } } : {}),
    clock,
    entropy: { bytes: (length) => Uint8Array.from({ length }, () => entropy.int(256)) },
    defer: {
      defer: (work) => {
        if (random.chance(world.faults.backgroundLost)) world.fault("backgroundLost", name);
        else spawn(work);
      },
    },
    hints: createQueueHints(
      {
        sendBatch: (messages) =>
          world.sendHints(worker, messages as { body: HintMessage; delaySeconds?: number }[], random),
      },
      clock,
      log,
    ),
    log,
    graphs,
    calendar: cronerCalendar,
  };
  const app = createApp(deps, {
    auth: { apiKey: SIM_KEY, setup: "" },
    webhook: { secrets: [SIM_SECRET], allowUnsigned: false },
    accepting: () => true,
  });
  return worker;
};
