import { behaviours, type AtWork } from "../../scripts/samples/agent-behaviours.ts";
import type { ReceivedTask, SampleAgentOptions } from "../../scripts/samples/agent-options.ts";
import { startListener, type Incoming, type Listener, type Reply } from "../../scripts/samples/listener.ts";
import type { AgentSetup, AnswerSetup, CapturedReport, Delivery } from "./fleet-protocol.ts";

/** Resolves when `ready` says so; looked at again after every change, or given up after a while. */
export const createSignal = () => {
  const waiting = new Set<() => void>();
  const tell = (): void => {
    for (const look of [...waiting]) look();
  };
  const until = <T>(what: string, ready: () => T | undefined): Promise<T> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => end(() => reject(new Error(`waited in vain for ${what}`))), 8_000);
      const end = (settle: () => void): void => {
        clearTimeout(timer);
        waiting.delete(look);
        settle();
      };
      const look = (): void => {
        const value = ready();
        if (value !== undefined) end(() => resolve(value));
      };
      waiting.add(look);
      look();
    });
  return { tell, until };
};

export interface FleetAgent {
  endpoint(): string;
  /** The n-th delivery (1-based), as soon as it is there. */
  delivery(n: number): Promise<Delivery>;
  deliveries(): readonly Delivery[];
  /** The next report that it wants to make. It waits for `reported`. */
  nextReport(): Promise<CapturedReport>;
  reported(status: number): void;
  /** Ends the work it has been doing longest, or will do next. */
  finish(ok: boolean): void;
  setAnswer(answer: AnswerSetup): void;
  /** Nobody listens any more; what it worked on is lost. */
  close(): Promise<void>;
  /** Listens again, on the same port. */
  reopen(): Promise<void>;
}

const never = new Promise<never>(() => undefined);

/**
 * An agent that does what the recorded ones do, but one step at a time: its work ends when the test says so,
 * and its reports are handed to the test, which posts them by the clock of its world.
 */
export const startFleetAgent = async ({ behaviour, withTaskIds, result, holdsRequest }: AgentSetup) => {
  const signal = createSignal();
  const seen: Delivery[] = [];
  const outbox: { report: CapturedReport; sent: (status: number) => void; taken: boolean }[] = [];
  const atWork: ((ok: boolean) => void)[] = [];
  const finished: boolean[] = [];
  let answer: AnswerSetup = null;
  let life = 0;

  const options = {
    name: "",
    capabilities: [],
    agentKitUrl: "",
    opsCoreUrl: "",
    apiKey: "",
    behaviour,
    ...(withTaskIds === undefined ? {} : { withTaskIds }),
    ...(result === undefined ? {} : { result }),
    ...(holdsRequest === undefined ? {} : { holdsRequest }),
  } as SampleAgentOptions;

  const bodyOf = (state: string, details: CapturedReport["details"]): CapturedReport => ({
    state,
    details,
    keys:
      behaviour === "simulated"
        ? ["state", "details", "agentId", "timestamp"]
        : ["agentId", "timestamp", "state", "details"],
  });

  const at = (born: number): AtWork => ({
    report: (state, details) =>
      born === life
        ? new Promise((sent) => {
            outbox.push({ report: bodyOf(state, details as CapturedReport["details"]), sent, taken: false });
            signal.tell();
          })
        : never,
    work: () => {
      const done = finished.shift();
      return done === undefined ? new Promise((end) => atWork.push(end)) : Promise.resolve(done);
    },
    inBackground: (work) => void work().catch(() => undefined),
  });

  const handle = async (incoming: Incoming): Promise<Reply> => {
    if (incoming.method !== "POST") return { status: 404, body: { detail: "Not Found" } };
    const by = incoming.headers["user-agent"] === "ops-core" ? "direct" : "agentkit";
    const body = JSON.parse(incoming.body) as ReceivedTask;
    const now = answer;
    seen.push({ by, body: body as unknown as Delivery["body"], keys: Object.keys(body) });
    signal.tell();
    if (now === "silence") return never;
    if (now !== null && (now.only === undefined || now.only === by))
      return { status: now.status, body: now.body ?? null };
    return behaviours[behaviour](body, options, at(life));
  };

  let listener: Listener = await startListener(0, handle);
  const port = Number(new URL(listener.url).port);
  const agent: FleetAgent = {
    endpoint: () => `http://127.0.0.1:${port}/task`,
    delivery: (n) => signal.until(`delivery ${n}, there are ${seen.length}`, () => seen[n - 1]),
    deliveries: () => seen,
    nextReport: async () => {
      const entry = await signal.until("a report", () => outbox.find((candidate) => !candidate.taken));
      entry.taken = true;
      return entry.report;
    },
    reported: (status) => outbox.shift()?.sent(status),
    finish: (ok) => {
      const end = atWork.shift();
      if (end === undefined) finished.push(ok);
      else end(ok);
    },
    setAnswer: (next) => {
      answer = next;
    },
    close: () => {
      life += 1;
      outbox.length = 0;
      atWork.length = 0;
      return listener.close();
    },
    reopen: async () => {
      listener = await startListener(port, handle);
    },
  };
  return agent;
};
