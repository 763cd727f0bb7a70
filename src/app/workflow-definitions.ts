import type { JsonObject } from "../core/json.ts";
import { readJson } from "../core/read-json.ts";
import { startNeeds } from "../core/session/needs.ts";
import { canonical } from "../core/workflow/canonical.ts";
import { maxFaults } from "../core/workflow/check.ts";
import { compile } from "../core/workflow/graph.ts";
import type { AuthoredDefinition } from "../core/workflow/normalise.ts";
import { warningsOf } from "../core/workflow/warnings.ts";
import { parseDefinition } from "./check-definition.ts";
import type { Deps } from "./deps.ts";
import { OpsError } from "./ops-error.ts";
import { pageOf, type Page } from "./read-session.ts";
import type { HeldClaim } from "./reply-port.ts";
import { sha256 } from "./sha256.ts";
import { definitionError } from "./commit-start.ts";
import type { DefinitionRecord } from "./store-port.ts";
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
  claim: HeldClaim | null = null,
): Promise<DefinitionRecord & { readonly created: boolean }> => {
  const parsed = parseDefinition(document);
  if (!parsed.ok) throw definitionError(parsed.faults.map(locate));
  const { id } = parsed.definition;
  if (claim?.effect != null) {
    return { ...(await readDefinition(deps, id, Number(claim.effect["revision"]))).record, created: false };
  }
  const body = canonical(parsed.document);
  return deps.store.saveDefinition(
    { workflowId: id, hash: await sha256(body), body, createdAt: deps.clock.now() },
    startNeeds(compile(parsed.definition)),
    claim,
  );
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
