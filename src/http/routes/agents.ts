import type { Hono } from "hono";
import type { Deps } from "../../app/deps.ts";
import { listAgents, readAgent, readAgentHistory } from "../../app/read-agent.ts";
import { registerAgent } from "../../app/register-agent.ts";
import { pageQuery } from "../../contract/pages.ts";
import { putAgentSchema } from "../../contract/requests.ts";
import { operatorCause, pathId } from "../cause.ts";
import { pageAnswer, pageRequest } from "../cursor.ts";
import type { AppEnv } from "../env.ts";
import { bodyLimits, readJson } from "../middleware/body.ts";
import { noQuery, query } from "../middleware/query.ts";
import { agentToWire, historyToWire, jsonObject } from "../wire.ts";

export const agentRoutes = (app: Hono<AppEnv>, deps: Deps): void => {
  app.get("/v1/opscore/agents", query(pageQuery), async (c) => {
    const page = pageRequest(c.req.valid("query"), /^[0-9]{1,15}\.[A-Za-z0-9][A-Za-z0-9._~:-]{0,127}$/);
    return c.json(pageAnswer(await listAgents(deps, page), agentToWire));
  });

  app.get("/v1/opscore/agents/:agentId", noQuery, async (c) =>
    c.json(agentToWire(await readAgent(deps, pathId(c, "agentId")))),
  );

  app.put("/v1/opscore/agents/:agentId", noQuery, async (c) => {
    const agentId = pathId(c, "agentId");
    const body = await readJson(c, putAgentSchema, { maxBytes: bodyLimits.other });
    const registration = {
      name: body.agentName,
      version: body.version,
      capabilities: body.capabilities,
      contactEndpoint: body.contactEndpoint,
      metadata: jsonObject(body.metadata ?? null),
      signedAt: null,
    };
    const result = await registerAgent(
      deps,
      agentId,
      registration,
      operatorCause(c, "PutAgent", "putAgent"),
      c.get("speaksFor"),
    );
    return c.json(agentToWire(await readAgent(deps, agentId)), result === "created" ? 201 : 200);
  });

  app.get("/v1/opscore/agents/:agentId/history", query(pageQuery), async (c) => {
    const page = pageRequest(c.req.valid("query"), /^-?[0-9]{1,16}\.[0-9]{1,15}\.[0-9a-f]{1,64}$/);
    return c.json(pageAnswer(await readAgentHistory(deps, pathId(c, "agentId"), page), historyToWire));
  });
};
