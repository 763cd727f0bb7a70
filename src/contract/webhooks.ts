import * as z from "zod";
import { closed } from "./closed.ts";

/** What can be subscribed to, and the events of the log that it is made of. A closed list: clients may switch on it. */
export const WEBHOOK_EVENTS = {
  "session.started": ["SessionStarted"],
  "session.paused": ["SessionPaused"],
  "session.resumed": ["SessionResumed"],
  "session.completed": ["SessionCompleted"],
  "session.failed": ["SessionFailed"],
  "session.cancelled": ["SessionCancelled"],
  "task.entered": ["TaskEntered"],
  "task.assigned": ["DispatchRequested"],
  "task.awaiting": ["TaskAwaited"],
  "task.attempt_failed": ["AttemptEnded", "CallFailed"],
  "task.completed": ["TaskCompleted", "TaskResolved"],
  "task.failed": ["TaskFailed"],
  "task.skipped": ["TaskSkipped"],
  "task.cancelled": ["TaskCancelled"],
  "agent.adopted": ["AgentAdopted"],
  "agent.registered": ["AgentRegistered"],
  "agent.deregistered": ["AgentDeregistered"],
  "agent.superseded": ["AgentSuperseded"],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type WebhookEvent = keyof typeof WEBHOOK_EVENTS;

export const WEBHOOK_EVENT_NAMES = Object.keys(WEBHOOK_EVENTS) as WebhookEvent[];

/** What `test` sends; nobody subscribes to it. */
export const PING = "webhook.ping";

/** Groups stand for all events of their kind, those of later versions included. */
export const WEBHOOK_TOPICS = ["*", "session.*", "task.*", "agent.*", ...WEBHOOK_EVENT_NAMES] as const;

/** Whether an event goes to somebody who has subscribed to these. */
export const isSubscribed = (topics: readonly string[], event: string): boolean =>
  topics.some(
    (topic) => topic === "*" || topic === event || (topic.endsWith(".*") && event.startsWith(topic.slice(0, -1))),
  );

const isHttp = (text: string): boolean => {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return ["http:", "https:"].includes(protocol) && username === "" && password === "";
};

/** The body that makes or replaces a subscription. */
export const webhookBody = closed({
  url: z.string().max(2_048).refine(isHttp, { error: "Expected an http or https URL without a user name or password" }),
  events: z.array(z.enum(WEBHOOK_TOPICS)).min(1).max(WEBHOOK_TOPICS.length).default(["*"]),
  description: z.string().max(1_024).nullish(),
});

/** A week: longer than anybody needs to change a secret. */
const MAX_OVERLAP_SECONDS = 604_800;

/** The body of a rotation: how long the old secret signs as well. */
export const rotateBody = closed({ overlapSeconds: z.int().min(0).max(MAX_OVERLAP_SECONDS).default(86_400) });
