import { auditPageQuery } from "../audit.ts";
import { operation } from "./operation.ts";
import { HASH, pageWith, SESSION, STARTED_AT } from "./samples.ts";

/** Who changed what. */
export const auditOperations = {
  "GET /v1/opscore/audit": operation(
    "listAudit",
    "Audit",
    "audit:read",
    [
      "List operators' changes",
      "Who changed what and when, newest first, without what was changed. A page looks at 1,000 rows at most: it may be empty and have a next one.",
    ],
    {
      query: auditPageQuery,
      exampleQuery: { action: "pauseSession" },
      answer: pageWith({
        seq: 1,
        at: STARTED_AT,
        actor: { kind: "key", id: "root" },
        requestId: "req_4a1c0d52f1b84e1f9c3d",
        action: "pauseSession",
        target: { kind: "session", id: SESSION },
        before: HASH,
        after: HASH,
        hash: HASH,
      }),
    },
  ),
};
