import type * as z from "zod";
import type { SessionFilter } from "../app/session-lists-port.ts";
import type { sessionsQuery } from "../contract/queries.ts";

/** The filter that a query, or a body, names. Always all members in this order: cursors are sealed with it. */
export const sessionFilter = (asked: Partial<z.output<typeof sessionsQuery>>): SessionFilter => ({
  statuses: asked.status ?? null,
  waitingFor: asked.waitingFor ?? null,
  workflowId: asked.workflowId ?? null,
  agentId: asked.agentId ?? null,
  errorCode: asked.errorCode ?? null,
  startedFrom: asked.startedAfter ?? null,
  startedBefore: asked.startedBefore ?? null,
  endedFrom: asked.endedAfter ?? null,
  endedBefore: asked.endedBefore ?? null,
  text: asked.text ?? null,
  parent: asked.parent ?? null,
  roots: null,
});
