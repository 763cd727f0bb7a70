import { inputFaults } from "../contract/input-schema.ts";
import { clip, type Fault } from "../contract/problem.ts";
import { sessionIdAt } from "../core/ids.ts";
import type { JsonObject } from "../core/json.ts";
import type { Rerun } from "../core/session/commands.ts";
import { decide, type Decision } from "../core/session/decide.ts";
import type { Facts } from "../core/session/facts.ts";
import { startNeeds, widened, type Needs } from "../core/session/needs.ts";
import type { DefinitionRef, ParentRef } from "../core/session/state.ts";
import { canonical } from "../core/workflow/canonical.ts";
import { isReservedId } from "../core/workflow/reserved-ids.ts";
import { compile, targetOf, type Graph } from "../core/workflow/graph.ts";
import { definitionErrorCode, parseDefinition, parseOwnDefinition } from "./check-definition.ts";
import { commitDecision } from "./commit-decision.ts";
import type { Deps } from "./deps.ts";
import { factsWith } from "./facts-with.ts";
import type { Cause } from "./log-row.ts";
import { OpsError } from "./ops-error.ts";
import { sha256 } from "./sha256.ts";
import type { CommitResult, LoadedStart, SessionCommit } from "./store-port.ts";
import { contention, loadWhole, MAX_TRIES, withClock } from "./tries.ts";

export interface StartRequest {
  readonly definition:
    | { readonly kind: "saved"; readonly workflowId: string; readonly revision: number | null }
    | { readonly kind: "inline"; readonly document: unknown }
    /** The engine's own, whose id no caller may use. */
    | { readonly kind: "own"; readonly document: JsonObject }
    /** The very one that an earlier session is pinned to. */
    | { readonly kind: "pinned"; readonly ref: DefinitionRef };
  /** The agent the session is started for. */
  readonly agentId: string | null;
  readonly input: JsonObject;
  readonly idempotency: { readonly key: string; readonly bodyHash: string } | null;
  /** Of a child: its id, which its parent has decided, and where it comes from. */
  readonly child?: { readonly sessionId: string; readonly parent: ParentRef };
  readonly rerun?: Rerun;
}

export interface Started {
  readonly sessionId: string;
  readonly workflowId: string;
  /** It was started before, under the same key. */
  readonly replayed: boolean;
}

type Given = Extract<StartRequest["definition"], { readonly document: unknown }>;
type Stored = Exclude<StartRequest["definition"], Given>;

interface Inline {
  readonly kind: "inline";
  readonly workflowId: string;
  readonly body: string;
  readonly hash: string;
  readonly graph: Graph;
  readonly needs: Needs;
}

/** Existing clients read `detail` alone, so it says where. */
const detailOf = (fault: Fault | undefined, at: string): string => {
  if (fault === undefined) return "The definition has faults.";
  const place = clip(`${at}${fault.pointer}`);
  return place === "" ? fault.message : `${place}: ${fault.message}`;
};

/** Where a definition stands in the body that it comes with. */
export const INLINE = "/workflowDefinition";

/** Faults of a definition inside another document: their pointers start where it stands. */
export const definitionError = (faults: readonly Fault[], at = ""): OpsError =>
  new OpsError(definitionErrorCode(faults), detailOf(faults[0], at), {
    errors: faults.map((fault) => ({ ...fault, pointer: `${at}${fault.pointer}` })),
  });

const readInline = async ({ kind, document }: Given): Promise<Inline> => {
  const parsed = kind === "own" ? parseOwnDefinition(document) : parseDefinition(document);
  if (!parsed.ok) throw definitionError(parsed.faults, INLINE);
  const body = canonical(parsed.document);
  const graph = compile(parsed.definition);
  const hash = await sha256(body);
  return { kind: "inline", workflowId: parsed.definition.id, body, hash, graph, needs: startNeeds(graph) };
};

interface Chosen {
  readonly ref: DefinitionRef;
  readonly graph: Graph;
  readonly store: NonNullable<SessionCommit["start"]>["definition"];
}

/** An unknown id is saved as revision 1; a known id with other content is kept for this session only. */
const choose = (deps: Deps, asked: Stored | Inline, loaded: LoadedStart, now: number): Chosen => {
  const found = loaded.definition;
  if (asked.kind === "pinned") {
    // A session is committed together with its definition, and definitions are never deleted.
    if (found === null) throw new Error(`the definition of workflow ${asked.ref.workflowId} is missing`);
    return { ref: asked.ref, graph: deps.graphs.of(found.hash, found.body), store: null };
  }
  if (asked.kind === "saved") {
    if (found === null || isReservedId(asked.workflowId)) {
      const which = asked.revision === null ? "" : ` revision ${asked.revision}`;
      throw new OpsError("workflow_not_found", `Workflow definition not found: ${clip(asked.workflowId)}${which}`);
    }
    const { workflowId, revision, hash } = found;
    return { ref: { workflowId, revision, hash }, graph: deps.graphs.of(hash, found.body), store: null };
  }
  const { workflowId, hash, body, graph, needs } = asked;
  if (found !== null && found.hash === hash) {
    return { ref: { workflowId, revision: found.revision, hash }, graph, store: null };
  }
  const revision = found === null ? 1 : 0;
  return {
    ref: { workflowId, revision, hash },
    graph,
    store: { workflowId, revision, hash, body, createdAt: now, needs },
  };
};

const homeOf = (request: StartRequest, loaded: LoadedStart): string | null => {
  if (request.agentId === null) return null;
  const id = loaded.facts.newest.get(request.agentId);
  const agent = id === undefined ? undefined : loaded.facts.agents.get(id);
  if (agent === undefined) throw new OpsError("agent_not_found", `Agent not found: ${clip(request.agentId)}`);
  if (agent.admission === "deregistered") throw new OpsError("conflict", `Agent ${clip(agent.id)} is deregistered.`);
  return agent.id;
};

/** A task without agent or capability needs a home agent: 422, naming each. `at`: where the definition stands in the body. */
export const requireTargets = (graph: Graph, home: string | null, at = ""): void => {
  if (home !== null) return;
  const errors = [...graph.tasks.values()]
    .map((task, index): Fault | null =>
      targetOf(task.type === "map" ? task.item : task)?.kind === "home"
        ? {
            pointer: `${at}/tasks/${index}`,
            code: "no_target",
            message: `Task "${clip(task.taskId)}" names neither agentId nor agentCapability.`,
          }
        : null,
    )
    .filter((fault) => fault !== null);
  if (errors.length === 0) return;
  throw new OpsError("validation_failed", "A task names no agent and the session is started without one.", {
    errors,
    hint: "Start the session with agentId, or give each task an agentId or agentCapability.",
  });
};

/** An input that does not fit the definition's schema: 422, with every fault. */
const requireInput = (graph: Graph, input: JsonObject): void => {
  const faults = graph.input === null ? [] : inputFaults(graph.input, input);
  if (faults.length === 0) return;
  throw new OpsError("validation_failed", detailOf(faults[0], "/initialPayload"), {
    errors: faults.map((fault) => ({ ...fault, pointer: `/initialPayload${fault.pointer}` })),
  });
};

/** What follows the commit. */
export type Published = (
  deps: Deps,
  decision: Decision,
  facts: Facts,
  wake: Extract<CommitResult, { kind: "committed" }>["wake"],
  dueAt: number | null | undefined,
) => void;

/**
 * Starts a session and assigns its first tasks in one commit. With an Idempotency-Key the same body gets the
 * same session for seven days, and another body is refused; so after a lost answer the caller may repeat.
 */
export const commitStart = async (
  deps: Deps,
  request: StartRequest,
  cause: Cause,
  published: Published,
): Promise<Started> => {
  const { definition } = request;
  const asked = "document" in definition ? await readInline(definition) : definition;
  let needs: Needs | null = null;
  for (let tries = 0; tries < MAX_TRIES;) {
    const now = deps.clock.now();
    const query = { definition: asked, home: request.agentId, idempotencyKey: request.idempotency?.key ?? null, now };
    const loaded = await loadWhole(needs, (all) => deps.store.loadStart({ ...query, needs: all }));
    const { earlier } = loaded;
    if (earlier !== null) {
      if (earlier.bodyHash === request.idempotency?.bodyHash) {
        return { sessionId: earlier.sessionId, workflowId: earlier.workflowId, replayed: true };
      }
      throw new OpsError("idempotency_key_reused", "This Idempotency-Key was used with another request body.");
    }
    const { ref, graph, store } = choose(deps, asked, loaded, now);
    const home = homeOf(request, loaded);
    requireTargets(graph, home, asked.kind === "inline" ? INLINE : "");
    requireInput(graph, request.input);
    const facts = factsWith(loaded, graph);
    const command = withClock(deps, {
      type: "StartSession",
      sessionId: "",
      definition: ref,
      home,
      input: request.input,
      actor: cause.actor,
      ...(request.child === undefined ? {} : { parent: request.child.parent }),
      ...(request.rerun === undefined ? {} : { rerun: request.rerun }),
    });
    const sessionId = request.child?.sessionId ?? sessionIdAt(command.now, command.seed);
    const decision = decide(null, { ...command, sessionId } as typeof command, facts, 1);
    if (decision.answer.kind === "needs_facts") {
      needs = widened(loaded.needs, decision.answer.needs);
      continue;
    }
    const { result, dueAt } = await commitDecision(deps, {
      previous: null,
      decision,
      facts,
      now: command.now,
      isTick: false,
      cause,
      start: { idempotency: request.idempotency, definition: store },
    });
    if (result.kind === "committed") {
      published(deps, decision, facts, result.wake, dueAt);
      return { sessionId, workflowId: ref.workflowId, replayed: false };
    }
    tries += 1;
  }
  throw contention();
};
