import { keyForm } from "../audit/forms.ts";
import { auditEntry, withAudit } from "../audit/record.ts";
import type { Deps } from "../deps.ts";
import type { KeyCommit } from "../key-port.ts";
import type { Cause } from "../log-row.ts";

/** Commits what somebody does to a key, with its audit row in the same batch. */
export const commitKey = async (
  deps: Deps,
  commit: Omit<KeyCommit, "audit">,
  cause: Cause,
): Promise<"committed" | "stale"> => {
  const { previous, next } = commit;
  const [before, after] = await Promise.all([keyForm(previous), keyForm(next)]);
  const entry = auditEntry(cause, { kind: "key", id: next.id }, before, after);
  return withAudit(deps, entry, deps.clock.now(), (audit) =>
    deps.store.commitKey(audit === null ? commit : { ...commit, audit }),
  );
};
