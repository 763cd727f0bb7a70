import type { Hono } from "hono";
import type { Deps } from "../../app/deps.ts";
import { countSessions, listSessions } from "../../app/list-sessions.ts";
import { listOpenTasks, listSessionTasks, type TaskFilter } from "../../app/list-tasks.ts";
import type { TaskPlace } from "../../app/session-lists-port.ts";
import { sessionCountsQuery, sessionPageQuery, taskPageQuery } from "../../contract/queries.ts";
import { sealedPageAnswer, sealedPageRequest, sealOf } from "../cursor.ts";
import type { AppEnv } from "../env.ts";
import { query } from "../middleware/query.ts";
import { sessionFilter } from "../session-filter.ts";
import { sessionToWire, taskSummaryToWire } from "../wire.ts";

const taskPlace = (text: string): TaskPlace => {
  const [sessionId = "", n] = text.split(".");
  return { sessionId, n: Number(n) };
};

export const sessionListRoutes = (app: Hono<AppEnv>, deps: Deps): void => {
  app.get("/v1/opscore/sessions", query(sessionPageQuery), async (c) => {
    const asked = c.req.valid("query");
    const filter = sessionFilter(asked);
    const seal = await sealOf(filter);
    const page = await listSessions(deps, filter, sealedPageRequest(asked, seal));
    return c.json(sealedPageAnswer(page, seal, sessionToWire));
  });

  app.get("/v1/opscore/sessions/counts", query(sessionCountsQuery), async (c) =>
    c.json(await countSessions(deps, sessionFilter(c.req.valid("query")))),
  );

  app.get("/v1/opscore/tasks", query(taskPageQuery), async (c) => {
    const asked = c.req.valid("query");
    const { status, agentId, sessionId, workflowId } = asked;
    const filter: TaskFilter = {
      statuses: status ?? null,
      agentId: agentId ?? null,
      workflowId: workflowId ?? null,
    };
    const seal = await sealOf([filter, sessionId ?? null]);
    const { after, limit } = sealedPageRequest(asked, seal);
    const from = { after: after === null ? null : taskPlace(after), limit };
    const { data, next } =
      sessionId === undefined
        ? await listOpenTasks(deps, filter, from)
        : await listSessionTasks(deps, sessionId, filter, from);
    const place = next === null ? null : `${next.sessionId}.${next.n}`;
    return c.json(sealedPageAnswer({ data, next: place }, seal, taskSummaryToWire));
  });
};
