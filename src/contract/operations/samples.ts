/** Things that the worked examples are about: one agent, one workflow, one session of it. */

export const SESSION = "ses_0001M8149T005WFVAED5FS98FYCY";
export const RERUN = "ses_0001M8149T1Z5WFVAED5FS98FYCZ";
export const TASK = "tsk_0001M8149T005WFVAED5FS98FYCY.1";
export const ATTEMPT = `${TASK}:1`;

const at = (seconds: string): string => `2026-11-22T08:00:${seconds}.000Z`;

export const STARTED_AT = at("00");
const SENT_AT = at("01");

export const registration = {
  agentName: "writer",
  version: "1.0",
  capabilities: ["write"],
  contactEndpoint: "http://127.0.0.1:9000/task",
  metadata: { config: { maxConcurrentTasks: 2 } },
};

export const agent = {
  agentId: "writer-1",
  ...registration,
  registration: "registered",
  supersededBy: null,
  registeredAt: STARTED_AT,
  state: "active",
  stateReportedAt: SENT_AT,
  clockSkewMs: 12,
  liveness: "live",
  lastContactAt: SENT_AT,
  available: true,
  unavailableReason: null,
  capacity: 2,
  tasks: [{ id: ATTEMPT, sessionId: SESSION, dispatchedAt: SENT_AT, transport: "direct", deliveryConfirmed: true }],
};

export const definition = {
  id: "report",
  name: "Report",
  tasks: [
    { taskId: "draft", agentCapability: "write", parameters: { topic: "${input.topic}" } },
    { taskId: "polish", agentCapability: "write", parameters: { text: "${tasks.draft.output}" } },
  ],
};

export const HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

export const workflow = { workflowId: "report", revision: 1, hash: HASH, createdAt: STARTED_AT };

const failure = { code: "run_deadline", message: "The agent did not finish in time." };

export const session = {
  sessionId: SESSION,
  workflowId: "report",
  revision: 1,
  status: "running",
  reason: "writer-1 works on draft.",
  error: null,
  waitingFor: {
    code: "agent",
    message: "The agent writer-1 works on it.",
    taskId: "draft",
    until: "2026-11-22T08:15:01.000Z",
  },
  agentId: null,
  rerunOf: null,
  startedAt: STARTED_AT,
  updatedAt: SENT_AT,
  endedAt: null,
  nextAt: "2026-11-22T08:15:01.000Z",
};

export const task = {
  taskId: "draft",
  id: TASK,
  name: "draft",
  status: "running",
  agentId: "writer-1",
  parameters: { topic: "tides" },
  output: null,
  error: null,
  fallback: null,
  map: null,
  lateResults: 0,
  attempts: [
    {
      attempt: 1,
      id: ATTEMPT,
      agentId: "writer-1",
      status: "running",
      transport: "direct",
      dispatchedAt: SENT_AT,
      startedAt: null,
      endedAt: null,
      error: null,
      counts: true,
      usage: null,
      notes: [],
      progress: null,
    },
  ],
};

export const taskSummary = {
  taskId: "draft",
  id: TASK,
  name: "draft",
  status: "failed",
  sessionId: SESSION,
  workflowId: "report",
  agentId: "writer-1",
  attempts: 3,
  error: failure,
  since: at("09"),
};

export const logRow = {
  seq: 1,
  at: STARTED_AT,
  cause: { command: "StartSession", actor: { kind: "key", id: "root" }, requestId: "req_8f14e45fceea167a5a36dedd" },
  events: [],
  hash: HASH,
};

export const scheduleRequest = {
  cron: "30 2 * * 1-5",
  timeZone: "Europe/Berlin",
  workflowDefinitionId: "report",
  initialPayload: { topic: "tides" },
  overlap: "skip",
  catchUp: "6h",
};

export const schedule = {
  scheduleId: "nightly",
  cron: "30 2 * * 1-5",
  timeZone: "Europe/Berlin",
  workflowDefinitionId: "report",
  revision: null,
  agentId: null,
  overlap: "skip",
  catchUp: "6h",
  description: null,
  paused: false,
  nextFireAt: "2026-11-23T01:30:00.000Z",
  counts: { started: 1, skipped: 0, failed: 0, missed: 0 },
  createdAt: STARTED_AT,
  updatedAt: STARTED_AT,
};

export const scheduleDetail = {
  ...schedule,
  initialPayload: { topic: "tides" },
  nextFires: ["2026-11-23T01:30:00.000Z", "2026-11-24T01:30:00.000Z"],
  runningSessions: [SESSION],
  bufferedFire: null,
  lastFires: [
    { at: "2026-11-20T01:30:00.000Z", by: "calendar", outcome: "started", sessionId: SESSION, reason: null, count: 1 },
  ],
};

/** A page of a list with one row and no next page. */
export const pageWith = (row: unknown) => ({ data: [row], nextCursor: null });
