/** A duration: an integer and `ms`, `s`, `m`, `h` or `d`, such as `90s`. */
export type Duration = `${number}${"ms" | "s" | "m" | "h" | "d"}` | (string & {});

/** How often and after what time a task is tried again. */
export interface Retry {
  readonly maxAttempts?: number;
  readonly initialInterval?: Duration;
  readonly backoffCoefficient?: number;
  readonly maximumInterval?: Duration;
  readonly nonRetryableErrors?: readonly string[];
}

/** Deadlines of a task. */
export interface Timeout {
  readonly queue?: Duration;
  readonly start?: Duration;
  readonly run?: Duration;
  readonly heartbeat?: Duration;
}

/** What a task of any type and an item of a map have in common. Which keys go with which type, the server checks. */
export interface WorkDefinition {
  readonly name?: string | null;
  readonly agentCapability?: string | null;
  readonly agentId?: string | null;
  /** What the work is given; `${…}` is CEL. */
  readonly parameters?: Readonly<Record<string, unknown>> | null;
  readonly retry?: Retry;
  readonly timeout?: Timeout;
  /** 0 to 99, default 50. */
  readonly priority?: number;
  readonly onFailure?: "fail" | "continue";
  readonly tool?: string;
  readonly url?: string;
  readonly method?: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly success?: readonly (string | number)[];
  readonly workflowDefinitionId?: string;
  readonly revision?: number;
}

/** What a map does for each item. */
export interface ItemDefinition extends WorkDefinition {
  readonly type?: "agent" | "tool" | "http" | "workflow";
}

/** One task of a definition. */
export interface TaskDefinition extends WorkDefinition {
  readonly taskId: string;
  /** Default `agent`. */
  readonly type?: "agent" | "tool" | "http" | "wait" | "signal" | "approval" | "map" | "workflow";
  readonly dependsOn?: readonly string[];
  readonly join?: "all" | "any";
  /** CEL. */
  readonly when?: string;
  readonly next?: readonly { readonly when?: string; readonly taskId: string | null }[];
  readonly nextTaskId?: string | null;
  readonly fallbackTaskId?: string | null;
  readonly compensateWith?: string | null;
  readonly for?: string;
  readonly until?: string;
  readonly signal?: string;
  readonly onTimeout?: "fail" | "continue" | "approve" | "reject";
  readonly forEach?: string | readonly unknown[];
  readonly maxConcurrency?: number;
  readonly task?: ItemDefinition;
}

/** A workflow definition. Keys of your own begin with `x-`. */
export interface WorkflowDefinition {
  readonly id: string;
  readonly name: string;
  readonly description?: string | null;
  readonly version?: string | number | null;
  /** JSON Schema that the input of a session must fit. */
  readonly input?: Readonly<Record<string, unknown>>;
  readonly timeout?: Duration;
  readonly defaults?: { readonly retry?: Retry; readonly timeout?: Timeout; readonly priority?: number };
  readonly tasks: readonly TaskDefinition[];
}
