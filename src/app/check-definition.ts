import type { ErrorCode, Fault } from "../contract/problem.ts";
import type { SchemaFault } from "../contract/schema-fault.ts";
import { readDocument } from "../contract/workflow-faults.ts";
import type { Json, JsonObject } from "../core/json.ts";
import { checkGraph, maxFaults, maxTasks } from "../core/workflow/check.ts";
import type { Definition } from "../core/workflow/definition.ts";
import { draftsOf } from "../core/workflow/draft.ts";
import { normalise, type AuthoredDefinition } from "../core/workflow/normalise.ts";
import { nearest } from "../core/workflow/nearest.ts";
import { pointerTo } from "../core/workflow/pointer.ts";
import { isReservedId } from "../core/workflow/reserved-ids.ts";

/** `document` is what the author wrote: the thing to store, compare and give back. */
export type ParsedDefinition =
  | { readonly ok: true; readonly definition: Definition; readonly document: JsonObject }
  | { readonly ok: false; readonly faults: readonly Fault[] };

const faultOf = ({ path, code, message, written, known }: SchemaFault): Fault => {
  const near = written === undefined || known === undefined ? null : nearest(written, known);
  return { pointer: pointerTo(path), code, message: near === null ? message : `Did you mean \`${near}\`? ${message}` };
};

/**
 * Checks a definition (a value that the strict parser let through) and fills in its defaults. All faults of the
 * schema and of the graph come at once, at most `maxFaults` of them.
 */
export const parseOwnDefinition = (value: unknown): ParsedDefinition => {
  const json = value as Json;
  const read = readDocument(json);
  const faults = [
    ...(read.ok ? [] : read.faults.slice(0, maxFaults).map(faultOf)),
    ...checkGraph(draftsOf(json, maxTasks)),
  ].slice(0, maxFaults);
  if (!read.ok || faults.length > 0) return { ok: false, faults };
  return { ok: true, definition: normalise(read.document as AuthoredDefinition), document: json as JsonObject };
};

const reserved: Fault = {
  pointer: "/id",
  code: "reserved_id",
  message: "Ids that begin with `opscore.` are kept for the engine's own workflows.",
};

/** As `parseOwnDefinition`, for a definition that a caller wrote: its id is not one of the engine's own. */
export const parseDefinition = (value: unknown): ParsedDefinition => {
  const parsed = parseOwnDefinition(value);
  const id = (value as { readonly id?: unknown } | null)?.id;
  if (typeof id !== "string" || !isReservedId(id)) return parsed;
  return { ok: false, faults: [reserved, ...(parsed.ok ? [] : parsed.faults)].slice(0, maxFaults) };
};

/** The error code that fits a refused definition as a whole. */
export const definitionErrorCode = (faults: readonly Fault[]): ErrorCode => {
  if (faults.every(({ code }) => code === "not_supported")) return "not_supported";
  return faults.every(({ code }) => code === "invalid_id") ? "invalid_id" : "invalid_definition";
};
