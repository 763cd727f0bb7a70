/** Why a task has no agent. */
export const NO_AGENT_CODES = [
  "agent_unknown",
  "no_agent",
  "no_target",
  "no_free_agent",
  "agent_rejected",
  "agent_gone",
  "agent_lost",
  "agent_busy",
  "agent_not_free",
  "queued",
] as const;

/** What an open session can wait for. */
export const WAIT_CODES = [
  ...NO_AGENT_CODES,
  "ready",
  "agent",
  "retry",
  "call",
  "signal",
  "approval",
  "timer",
  "items",
  "child",
  "paused",
] as const;
