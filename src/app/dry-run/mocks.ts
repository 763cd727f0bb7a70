import type { MockBody, MocksBody } from "../../contract/dry-run.ts";
import { mockOutcomes } from "../../contract/dry-run.ts";
import type { Fault } from "../../contract/problem.ts";
import type { Json } from "../../core/json.ts";
import type { TaskError } from "../../core/session/state.ts";
import { maxFaults } from "../../core/workflow/check.ts";
import type { Work } from "../../core/workflow/definition.ts";
import { parseDuration } from "../../core/workflow/duration.ts";
import type { Graph } from "../../core/workflow/graph.ts";
import { nearest } from "../../core/workflow/nearest.ts";
import { pointerTo, quoted } from "../../core/workflow/pointer.ts";

/** What an attempt, a signal or a person comes to in a dry run, `afterMs` (ms) after it was asked for. */
export type Mock =
  /** `undefined`: without an output. */
  | { readonly kind: "output"; readonly afterMs: number; readonly output: Json | undefined }
  | {
      readonly kind: "error";
      readonly afterMs: number;
      readonly error: TaskError;
      readonly retryable: boolean | undefined;
      readonly retryAfterMs: number | undefined;
    }
  | { readonly kind: "signal"; readonly afterMs: number; readonly payload: Json }
  | {
      readonly kind: "approve" | "reject";
      readonly afterMs: number;
      readonly by: string | null;
      readonly comment: string | null;
    }
  /** Nothing is heard, or the delivery was refused. */
  | { readonly kind: "silence" | "refused" };

/** The mocks of a request, by the place of an attempt in the session. */
export interface Mocks {
  readonly taskIds: readonly string[];
  /** `index`: of an item of a map, else `null`; `attempt`: 1-based. `null`: nothing was said of it. */
  of(taskId: string, index: number | null, attempt: number): Mock | null;
}

type Outcome = (typeof mockOutcomes)[number];

/** What each type of work can come to. */
const allowed: Readonly<Record<Exclude<Work["type"], "map">, readonly Outcome[]>> = {
  agent: ["output", "error", "noAnswer", "refused"],
  tool: ["output", "error", "noAnswer"],
  http: ["output", "error", "noAnswer"],
  workflow: ["output", "error", "noAnswer"],
  signal: ["signal", "never"],
  approval: ["approve", "reject", "never"],
  wait: [],
};

const mockOf = (body: MockBody): Mock => {
  const afterMs = parseDuration(body.after ?? "0ms") ?? 0;
  const { error, approve, reject } = body;
  if (body.noAnswer === true || body.never === true) return { kind: "silence" };
  if (body.refused === true) return { kind: "refused" };
  if (error !== undefined) {
    const { code, message = code, retryable, retryAfterMs } = error;
    return { kind: "error", afterMs, error: { code, message }, retryable, retryAfterMs };
  }
  if (body.signal !== undefined) return { kind: "signal", afterMs, payload: body.signal as Json };
  const decision = approve ?? reject;
  if (decision === undefined) return { kind: "output", afterMs, output: body.output as Json | undefined };
  const { by = null, comment = null } = decision === true ? {} : decision;
  return { kind: approve === undefined ? "reject" : "approve", afterMs, by, comment };
};

type Path = readonly (string | number)[];

const fault = (path: Path, code: string, message: string): Fault => ({
  pointer: pointerTo(["mocks", ...path]),
  code,
  message,
});

const listed = (words: readonly string[]): string => words.map((word) => `\`${word}\``).join(", ");

const mockFaults = (body: MockBody, type: keyof typeof allowed, path: Path): readonly Fault[] => {
  const may = allowed[type];
  const said = mockOutcomes.filter((key) => body[key] !== undefined);
  const what = `what is of the type \`${type}\` takes ${listed(may)}`;
  const wrong = said.filter((key) => !may.includes(key));
  if (wrong.length > 0) return wrong.map((key) => fault([...path, key], "not_allowed", `Not here: ${what}.`));
  if (said.length === 0 && !may.includes("output")) return [fault(path, "required", `Say what comes: ${what}.`)];
  if (type !== "workflow") return [];
  return (["retryable", "retryAfterMs"] as const)
    .filter((key) => body.error?.[key] !== undefined)
    .map((key) => fault([...path, "error", key], "not_allowed", "A child session that has failed cannot say so."));
};

const faultsOfTask = (body: MocksBody, graph: Graph, taskId: string): readonly Fault[] => {
  const task = graph.tasks.get(taskId);
  if (task === undefined) {
    const near = nearest(taskId, graph.tasks.keys());
    const hint = near === null ? "" : `Did you mean \`${quoted(near)}\`? `;
    return [fault([taskId], "unknown_task", `${hint}The definition has no such task.`)];
  }
  const type = task.type === "map" ? (task.item.type satisfies keyof typeof allowed) : task.type;
  if (type === "wait") return [fault([taskId], "not_allowed", "A wait has no mock: time passes by itself.")];
  if (!Array.isArray(body)) return mockFaults(body, type, [taskId]);
  return body.flatMap((one, at) => {
    if (one === null) return [];
    if (!Array.isArray(one)) return mockFaults(one, type, [taskId, at]);
    if (task.type === "map") return one.flatMap((each, n) => (each === null ? [] : mockFaults(each, type, [taskId, at, n]))); // prettier-ignore
    return [fault([taskId, at], "not_allowed", "Only a map takes a list for each of its items.")];
  });
};

/** Mocks that do not fit the definition: of no task of it, or not what such a task can come to. 50 at most. */
export const mocksFaults = (bodies: Readonly<Record<string, MocksBody>>, graph: Graph): readonly Fault[] => {
  const faults: Fault[] = [];
  for (const [taskId, body] of Object.entries(bodies)) {
    faults.push(...faultsOfTask(body, graph, taskId).slice(0, maxFaults));
    if (faults.length >= maxFaults) break;
  }
  return faults.slice(0, maxFaults);
};

/** The last of a list stands for all after it. */
const ofAttempt = (list: readonly (MockBody | null)[], attempt: number): MockBody | null =>
  list[Math.min(attempt, list.length) - 1] ?? null;

const bodyOf = (body: MocksBody, index: number | null, attempt: number): MockBody | null => {
  if (!Array.isArray(body)) return body;
  if (index === null) return ofAttempt(body as readonly (MockBody | null)[], attempt);
  const item = body[index] ?? null;
  return Array.isArray(item) ? ofAttempt(item, attempt) : item;
};

/** Mocks that have no faults. */
export const mocksOf = (bodies: Readonly<Record<string, MocksBody>>): Mocks => ({
  taskIds: Object.keys(bodies),
  of: (taskId, index, attempt) => {
    const body = Object.hasOwn(bodies, taskId) ? bodyOf(bodies[taskId]!, index, attempt) : null;
    return body === null ? null : mockOf(body);
  },
});
