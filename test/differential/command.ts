/** One thing that happens to an Ops-Core: a request, or what time, the queue and the operator do to it. */
export type Command = RequestCommand | EngineCommand;

export interface RequestCommand {
  readonly kind: "request";
  /** The route it is meant for, as the app registers it, such as `GET /v1/opscore/agents/:agentId`. */
  readonly route: string;
  /** Exactly what the request line has; the key is added unless `headers` name another. */
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

export type EngineCommand =
  /** The clock is stepped; nothing else happens. */
  | { readonly kind: "advance"; readonly ms: number }
  /** One sweep, as the cron tick makes it. */
  | { readonly kind: "sweep"; readonly own: number; readonly limit: number }
  /** A queue message is delivered: perhaps again, late, or for a session there never was. */
  | { readonly kind: "deliver"; readonly sessionId: string }
  /** A new isolate or process over the same database: nothing is in memory any more. */
  | { readonly kind: "restart" };

/** A request that Ops-Core made to an agent, to AgentKit or to whatever a task calls. */
export interface CallOut {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** All that can be seen of one command and of the background work that it started. */
export interface Step {
  /** `null`: not a request. */
  readonly answer: {
    readonly status: number;
    /** In the order of their names. */
    readonly headers: readonly (readonly [string, string])[];
    readonly body: string;
  } | null;
  /** What a sweep says it did. */
  readonly swept: { readonly ticked: number; readonly handedOn: number; readonly schedules: number } | null;
  readonly callsOut: readonly CallOut[];
  /** Queue messages sent. */
  readonly messages: readonly { readonly sessionId: string; readonly delaySeconds: number }[];
  /** Log lines: what the engine swallowed shows here. */
  readonly log: readonly string[];
}

/** Every row of every table, each value as an SQL literal, which tells 1 from 1.0 and from '1'. */
export type Dump = Readonly<Record<string, readonly (readonly string[])[]>>;

/** What became of a script on one database. `dumps`: after the last command, or after each if asked for. */
export interface Run {
  readonly steps: readonly Step[];
  readonly dumps: readonly Dump[];
}

/** Commands in order. The seed also decides random bits inside the app and how agents behave. */
export interface Script {
  readonly seed: string;
  readonly commands: readonly Command[];
}
