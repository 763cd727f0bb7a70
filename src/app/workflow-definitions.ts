import type { JsonObject } from "../core/json.ts";
import { readJson } from "../core/read-json.ts";
import { startNeeds } from "../core/session/needs.ts";
import { canonical } from "../core/workflow/canonical.ts";
import { maxFaults } from "../core/workflow/check.ts";
import { compile } from "../core/workflow/graph.ts";
import type { AuthoredDefinition } from "../core/workflow/normalise.ts";
import { warningsOf } from "../core/workflow/warnings.ts";
import { parseDefinition } from "./check-definition.ts";
import { auditEntry, withAudit } from "./audit/record.ts";
import type { Deps } from "./deps.ts";
import type { Cause } from "./log-row.ts";
import { OpsError } from "./ops-error.ts";
import { pageOf, type Page } from "./read-session.ts";
import type { HeldClaim } from "./reply-port.ts";
import { sha256 } from "./sha256.ts";
import { definitionError } from "./commit-start.ts";
import type { DefinitionRecord, SavedDefinition } from "./store-port.ts";
import { contention, MAX_TRIES } from "./tries.ts";
import type { WorkflowValidAnswer } from "../contract/answers/workflow.ts";
import { clip, type Fault } from "../contract/problem.ts";

/**
 * Saves a definition as its next revision, or finds it equal to the newest. Every fault comes at once; `locate`
 * adds the place in the text the definition was read from. Under a claim it is saved once, whoever dies on the way.
 */
export const saveDefinition = async (
  deps: Deps,
  document: unknown,
  locate: (fault: Fault) => Fault,
  cause: Cause,
  claim: HeldClaim | null = null,
): Promise<SavedDefinition> => {
  const parsed = parseDefinition(document);
  if (!parsed.ok) throw definitionError(parsed.faults.map(locate));
  const { id: workflowId } = parsed.definition;
  if (claim?.effect != null) {
    return { ...(await readDefinition(deps, workflowId, Number(claim.effect["revision"]))).record, created: false };
  }
  const body = canonical(parsed.document);
  const hash = await sha256(body);
  const needs = startNeeds(compile(parsed.definition));
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const createdAt = deps.clock.now();
    const newest = await deps.store.readDefinition(workflowId, null);
    if (newest?.hash === hash) return { ...newest, created: false };
    const entry = auditEntry(cause, { kind: "workflow", id: workflowId }, newest?.hash ?? null, hash);
    const unsaved = { workflowId, hash, body, createdAt };
    const saved = await withAudit(deps, entry, createdAt, (audit) =>
      audit === null
        ? deps.store.saveDefinition(unsaved, needs, claim)
        : deps.store.saveDefinition(unsaved, needs, claim, audit),
    );
    if (saved !== null) return saved;
  }
  throw contention();
};

/** Checks a definition exactly as `saveDefinition` does, and saves nothing. Needs no store. */
export const validateDefinition = (
  document: unknown,
  locate: (fault: Fault) => Fault,
): Omit<WorkflowValidAnswer, "valid"> => {
  const parsed = parseDefinition(document);
  if (!parsed.ok) throw definitionError(parsed.faults.map(locate));
  const { id, tasks } = parsed.definition;
  const warnings = warningsOf(parsed.document as unknown as AuthoredDefinition).slice(0, maxFaults);
  return { workflowId: id, tasks: tasks.length, warnings: warnings.map(locate) };
};

/** A saved definition as its author wrote it; `revision` null: the newest. */
export const readDefinition = async (
  deps: Deps,
  workflowId: string,
  revision: number | null,
): Promise<{ readonly record: DefinitionRecord; readonly definition: JsonObject }> => {
  const found = await deps.store.readDefinition(workflowId, revision);
  if (found !== null) return { record: found, definition: readJson(found.body) as JsonObject };
  const which = revision === null ? "" : ` revision ${revision}`;
  throw new OpsError("workflow_not_found", `Workflow definition not found: ${clip(workflowId)}${which}`);
};

/** The newest revision of every saved definition, the newest first, without content. */
export const listDefinitions = async (
  deps: Deps,
  page: { readonly after: string | null; readonly limit: number },
): Promise<Page<DefinitionRecord>> => {
  const rows = await deps.store.listDefinitions({ ...page, limit: page.limit + 1 });
  return pageOf(rows, page.limit, (row) => `${row.createdAt}.${row.workflowId}`);
};
