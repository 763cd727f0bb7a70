import type { AuditRowAnswer } from "../contract/answers/audit.ts";
import type { AuditQuery } from "./inputs.ts";
import type { CallOptions } from "./options.ts";
import { pagedBy, type Paged } from "./pages.ts";
import type { Transport } from "./transport.ts";

/** Who changed what. */
export interface Audit {
  /** Operators' changes, newest first, without what was changed. */
  list(query?: AuditQuery, options?: CallOptions): Paged<AuditRowAnswer>;
}

/** @internal */
export const auditOf = ({ send }: Transport): Audit => ({
  list: (page = {}, options) =>
    pagedBy(
      (query, callOptions) => send("GET /v1/opscore/audit", { repeat: "read", query, options: callOptions }),
      page,
      options,
    ),
});
