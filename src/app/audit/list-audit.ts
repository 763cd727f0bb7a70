import type { AuditFilter, AuditRecord } from "../audit-port.ts";
import type { Deps } from "../deps.ts";
import type { Page } from "../read-session.ts";

/**
 * Operators' changes, newest first. `after` is the number of the last row of the page before. A page looks at a bounded
 * number of rows, so it may be short, or empty, and still have a next one.
 */
export const listAudit = async (
  deps: Deps,
  filter: AuditFilter,
  page: { readonly after: string | null; readonly limit: number },
): Promise<Page<AuditRecord>> => {
  const before = page.after === null ? null : Number(page.after);
  const { rows, next } = await deps.store.listAudit(filter, { before, limit: page.limit });
  return { data: rows, next: next === null ? null : String(next) };
};
