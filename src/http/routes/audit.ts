import type { Hono } from "hono";
import { listAudit } from "../../app/audit/list-audit.ts";
import type { AuditFilter, AuditRecord } from "../../app/audit-port.ts";
import type { Deps } from "../../app/deps.ts";
import type { AuditRowAnswer } from "../../contract/answers/audit.ts";
import { auditPageQuery } from "../../contract/audit.ts";
import { formatRfc3339 } from "../../contract/timestamp.ts";
import { sealedPageAnswer, sealedPageRequest, sealOf } from "../cursor.ts";
import type { AppEnv } from "../env.ts";
import { query } from "../middleware/query.ts";

const toWire = ({ seq, at, actor, requestId, action, target, before, after, hash }: AuditRecord): AuditRowAnswer => ({
  seq,
  at: formatRfc3339(at),
  actor,
  requestId,
  action,
  target,
  before,
  after,
  hash,
});

/** Who changed what. */
export const auditRoutes = (app: Hono<AppEnv>, deps: Deps): void => {
  app.get("/v1/opscore/audit", query(auditPageQuery), async (c) => {
    const asked = c.req.valid("query");
    const { actor = null, action = null, target = null, targetKind = null, since = null, until = null } = asked;
    const filter: AuditFilter = { actor, action, target, targetKind, since, until };
    const seal = await sealOf(filter);
    const page = await listAudit(deps, filter, sealedPageRequest(asked, seal));
    return c.json(sealedPageAnswer(page, seal, toWire));
  });
};
