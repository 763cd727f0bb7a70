import { inputFaults } from "../../contract/input-schema.ts";
import type { MocksBody } from "../../contract/dry-run.ts";
import { clip, type Fault } from "../../contract/problem.ts";
import type { Json, JsonObject } from "../../core/json.ts";
import { digitsOf } from "../../core/random.ts";
import type { DefinitionRef } from "../../core/session/state.ts";
import { canonical } from "../../core/workflow/canonical.ts";
import { maxFaults } from "../../core/workflow/check.ts";
import { compile, type Graph } from "../../core/workflow/graph.ts";
import type { AuthoredDefinition } from "../../core/workflow/normalise.ts";
import { warningsOf } from "../../core/workflow/warnings.ts";
import { parseDefinition } from "../check-definition.ts";
import { definitionError, INLINE, requireTargets } from "../commit-start.ts";
import type { Deps } from "../deps.ts";
import { OpsError } from "../ops-error.ts";
import { sha256 } from "../sha256.ts";
import { readDefinition } from "../workflow-definitions.ts";
import { mocksFaults, mocksOf } from "./mocks.ts";
import { reportOf, type DryRunReport } from "./report.ts";
import { dryRun } from "./run.ts";

/** The same for all, so that the same request has the same answer: 2026-01-01T00:00:00Z. */
const DEFAULT_START = 1_767_225_600_000;

export interface TestRequest {
  readonly workflowId: string;
  readonly definition:
    /** `revision` null: the newest. */
    | { readonly kind: "saved"; readonly revision: number | null }
    | { readonly kind: "inline"; readonly document: unknown };
  /** The agent the session is started for; it need not exist. */
  readonly agentId: string | null;
  readonly input: JsonObject;
  readonly mocks: Readonly<Record<string, MocksBody>>;
  /** Epoch ms. */
  readonly startAt: number | null;
}

interface Chosen {
  readonly ref: DefinitionRef;
  readonly graph: Graph;
  readonly document: Json;
}

const chooseInline = async (workflowId: string, document: unknown): Promise<Chosen> => {
  const parsed = parseDefinition(document);
  if (!parsed.ok) throw definitionError(parsed.faults, INLINE);
  const { id } = parsed.definition;
  if (id !== workflowId) {
    throw new OpsError("id_mismatch", `The path names ${clip(workflowId)}, the definition ${clip(id)}.`);
  }
  const hash = await sha256(canonical(parsed.document));
  return { ref: { workflowId, revision: 0, hash }, graph: compile(parsed.definition), document: parsed.document };
};

const choose = async (deps: Deps, { workflowId, definition }: TestRequest): Promise<Chosen> => {
  if (definition.kind === "inline") return chooseInline(workflowId, definition.document);
  const { record, definition: document } = await readDefinition(deps, workflowId, definition.revision);
  const { revision, hash, body } = record;
  return { ref: { workflowId, revision, hash }, graph: deps.graphs.of(hash, body), document: document as Json };
};

/** What a start would refuse, and mocks that fit no task: 422, all at once. */
const requireFit = (graph: Graph, { input, mocks }: TestRequest): void => {
  const wrong = graph.input === null ? [] : inputFaults(graph.input, input);
  const errors: readonly Fault[] = [
    ...wrong.map((fault) => ({ ...fault, pointer: `/initialPayload${fault.pointer}` })),
    ...mocksFaults(mocks, graph),
  ];
  const [first] = errors;
  if (first === undefined) return;
  throw new OpsError("validation_failed", `${clip(first.pointer)}: ${first.message}`, { errors });
};

/**
 * Runs a definition against mocks in virtual time: no agent, no call, nothing written; a saved definition costs one read,
 * one that comes along none. The same request has the same answer. What a start would refuse is refused.
 */
export const testWorkflow = async (deps: Deps, request: TestRequest): Promise<DryRunReport> => {
  const { ref, graph, document } = await choose(deps, request);
  requireTargets(graph, request.agentId, request.definition.kind === "inline" ? INLINE : "");
  requireFit(graph, request);
  const startAt = request.startAt ?? DEFAULT_START;
  const run = dryRun({
    graph,
    definition: ref,
    home: request.agentId,
    input: request.input,
    mocks: mocksOf(request.mocks),
    startAt,
    seed: digitsOf(`${ref.workflowId}/${startAt}`, 32),
  });
  const warnings = warningsOf(document as unknown as AuthoredDefinition).slice(0, maxFaults);
  return reportOf(run, warnings);
};
