/** The few calls that the sample makes, with the shapes it reads of their answers. */
export interface Attempt {
  readonly attempt: number;
  readonly id: string;
  readonly agentId: string;
  readonly status: string;
  readonly transport: string | null;
  readonly dispatchedAt: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly counts: boolean;
}

export interface Task {
  readonly taskId: string;
  readonly status: string;
  readonly output: unknown;
  readonly attempts: readonly Attempt[];
}

export interface Session {
  readonly sessionId: string;
  readonly workflowId: string;
  readonly status: string;
  readonly reason: string | null;
  readonly waitingFor: {
    readonly code: string;
    readonly message: string;
    readonly taskId: string;
    readonly until: string | null;
  } | null;
  readonly startedAt: string;
  readonly endedAt: string | null;
}

export interface SessionDetail extends Session {
  readonly tasks: readonly Task[];
}

export interface AgentEntry {
  readonly agentId: string;
  readonly agentName: string;
  readonly registration: string;
}

interface List<T> {
  readonly data: readonly T[];
}

export interface ApiClient {
  readonly sessions: () => Promise<readonly Session[]>;
  readonly session: (id: string) => Promise<SessionDetail>;
  readonly agents: () => Promise<readonly AgentEntry[]>;
  /** Saves a YAML definition; resolves to its id. */
  readonly saveWorkflow: (yaml: string) => Promise<string>;
  /** The ids of its tasks in the author's order. */
  readonly taskIds: (workflowId: string) => Promise<readonly string[]>;
  readonly startSession: (workflowId: string, initialPayload: object) => Promise<string>;
}

const TIMEOUT_MS = 10_000;

/** A client of the public API. A refusal rejects with the problem's `detail`. */
export const createApiClient = (url: string, apiKey: string): ApiClient => {
  const call = async <T>(method: string, path: string, type?: string, body?: string): Promise<T> => {
    const response = await fetch(`${url}/v1/opscore${path}`, {
      method,
      headers: { Authorization: `Bearer ${apiKey}`, ...(type === undefined ? {} : { "Content-Type": type }) },
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(body === undefined ? {} : { body }),
    });
    const answer = (await response.json()) as T & { readonly detail?: string };
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${answer.detail ?? "no detail"}`);
    return answer;
  };
  return {
    sessions: async () => (await call<List<Session>>("GET", "/sessions?limit=200")).data,
    session: (id) => call("GET", `/sessions/${id}`),
    agents: async () => (await call<List<AgentEntry>>("GET", "/agents?limit=200")).data,
    saveWorkflow: async (yaml) =>
      (await call<{ workflowId: string }>("POST", "/workflows", "application/yaml", yaml)).workflowId,
    taskIds: async (workflowId) => {
      const saved = await call<{ definition: { tasks: { taskId: string }[] } }>("GET", `/workflows/${workflowId}`);
      return saved.definition.tasks.map(({ taskId }) => taskId);
    },
    startSession: async (workflowDefinitionId, initialPayload) => {
      const body = JSON.stringify({ workflowDefinitionId, initialPayload });
      return (await call<{ sessionId: string }>("POST", "/sessions", "application/json", body)).sessionId;
    },
  };
};
