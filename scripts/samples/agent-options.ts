/** A JSON value, as the agent sends or receives it. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type Details = Readonly<Record<string, Json>>;

/** What arrives at an agent: these keys, whatever the way. */
export interface ReceivedTask {
  readonly senderId: string;
  readonly timestamp: string;
  readonly messageType: string;
  readonly payload: Details;
  readonly sessionContext: {
    readonly sessionId: string | null;
    readonly priorMessages: readonly string[] | null;
  } | null;
  readonly task_name: string | null;
  readonly opscore_session_id: string | null;
  readonly opscore_task_id: string | null;
}

export interface StateReport {
  readonly agentId: string;
  readonly timestamp: string;
  readonly state: string;
  readonly details: Details;
}

export interface SampleAgentOptions {
  readonly name: string;
  readonly capabilities: readonly string[];
  /**
   * - `simulated` (the original's): answers at once, reports `active`, works, reports `idle`, both with the task's id.
   * - `aware` (AgentKit's example): works while the request is open, answers, then reports `active` and `idle`.
   * - `silent`: works long without a word, then reports `active` and `idle`.
   */
  readonly behaviour: "simulated" | "aware" | "silent";
  /** With or without `/v1`, as all URLs here. */
  readonly agentKitUrl: string;
  readonly opsCoreUrl: string;
  readonly apiKey: string;
  readonly port?: number;
  readonly version?: string;
  /** An agent that knows its id from before does not register. */
  readonly agentId?: string;
  readonly registration?: { readonly tries: number; readonly gapMs: number };
  readonly firstReport?: { readonly afterMs: number; readonly tries: number; readonly gapMs: number };
  readonly workMs?: number;
  /** `details.opscore_task_id` in reports; only `simulated` does so unasked. */
  readonly withTaskIds?: boolean;
  /** The first n tasks end with `error` instead of `idle`. */
  readonly failFirst?: number;
  /** Which tasks end so, besides. */
  readonly fails?: (task: ReceivedTask) => boolean;
  /** In `details.result` of the last report; `aware` has it in its HTTP answer, where the example has its own. */
  readonly result?: Json | ((task: ReceivedTask) => Json);
  /** `silent` only: the request stays open while it works. */
  readonly holdsRequest?: boolean;
  /** Dies half-way through its first task, as if the process had been killed. */
  readonly crashMidTask?: boolean;
  /** Around every report: `send` resolves to the status, 0 if there was no answer. Drop, delay or repeat it here. */
  readonly onReport?: (report: StateReport, send: () => Promise<number>) => Promise<number>;
  readonly log?: (line: string) => void;
}
