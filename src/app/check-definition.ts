import type { ErrorCode, Fault } from "../contract/problem.ts";
import { readDocument, type SchemaFault } from "../contract/workflow-faults.ts";
import { usesLaterConstruct } from "../contract/workflow.ts";
import { isJsonObject, type Json, type JsonObject } from "../core/json.ts";
import { checkGraph, maxFaults, type DraftTask } from "../core/workflow/check.ts";
import type { Definition } from "../core/workflow/definition.ts";
import { followingOf, normalise, type AuthoredDefinition } from "../core/workflow/normalise.ts";
import { nearest } from "../core/workflow/nearest.ts";
import { pointerTo } from "../core/workflow/pointer.ts";

/** `document` is what the author wrote: the thing to store, compare and give back. */
export type ParsedDefinition =
  | { readonly ok: true; readonly definition: Definition; readonly document: JsonObject }
  | { readonly ok: false; readonly faults: readonly Fault[] };

const maxTasks = 200;
const unreadable: DraftTask = { taskId: null, following: null, parameters: null };

const draftOf = (task: Json): DraftTask => {
  if (!isJsonObject(task)) return unreadable;
  const { taskId, nextTaskId, parameters } = task;
  const isReadable = !usesLaterConstruct(task);
  const names = nextTaskId === undefined || nextTaskId === null || typeof nextTaskId === "string";
  return {
    taskId: typeof taskId === "string" ? taskId : null,
    following: isReadable && names ? followingOf(nextTaskId) : null,
    parameters: isReadable && isJsonObject(parameters) ? parameters : null,
  };
};

/** What can be read of the tasks, so that a fault of one does not hide the faults of the others. */
const draftsOf = (value: Json): readonly DraftTask[] => {
  const tasks = isJsonObject(value) && Array.isArray(value["tasks"]) ? (value["tasks"] as readonly Json[]) : [];
  const drafts = tasks.slice(0, maxTasks).map(draftOf);
  return tasks.length > maxTasks ? [...drafts, unreadable] : drafts;
};

const faultOf = ({ path, code, message, written, known }: SchemaFault): Fault => {
  const near = written === undefined || known === undefined ? null : nearest(written, known);
  return { pointer: pointerTo(path), code, message: near === null ? message : `Did you mean \`${near}\`? ${message}` };
};

/**
 * Checks a definition (a value that the strict parser let through) and fills in its defaults. All faults of the
 * schema, of constructs not supported yet and of the graph come at once, at most `maxFaults` of them.
 */
export const parseDefinition = (value: unknown): ParsedDefinition => {
  const json = value as Json;
  const read = readDocument(json);
  const graphFaults = checkGraph(draftsOf(json));
  if (read.ok && graphFaults.length === 0) {
    return { ok: true, definition: normalise(read.document as AuthoredDefinition), document: json as JsonObject };
  }
  const schemaFaults = read.ok ? [] : read.faults.slice(0, maxFaults).map(faultOf);
  return { ok: false, faults: [...schemaFaults, ...graphFaults].slice(0, maxFaults) };
};

/** The error code that fits a refused definition as a whole. */
export const definitionErrorCode = (faults: readonly Fault[]): ErrorCode => {
  if (faults.every(({ code }) => code === "not_supported")) return "not_supported";
  return faults.every(({ code }) => code === "invalid_id") ? "invalid_id" : "invalid_definition";
};
