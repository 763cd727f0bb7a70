import type * as z from "zod";
import { noParameters } from "../pages.ts";

/** What a key must be allowed to do. */
export const SCOPES = [
  "agents:read",
  "agents:write",
  "state:write",
  "workflows:read",
  "workflows:write",
  "sessions:read",
  "sessions:write",
  "tasks:write",
  "schedules:read",
  "schedules:write",
  "keys:read",
  "keys:write",
  "webhooks:read",
  "webhooks:write",
  "audit:read",
] as const;

export type Scope = (typeof SCOPES)[number];

/** The groups in which operations are shown. */
export const TAGS = {
  Agents: "The registry: which agents there are, what they can do, how they report themselves.",
  Workflows: "Definitions of workflows and their revisions.",
  Sessions: "Runs of workflows: started, watched, looked up, run again.",
  Control: "What people do to a session and its tasks while it runs.",
  Tasks: "Single tasks, and how agents settle their work by call.",
  Schedules: "Sessions started by the calendar.",
  Keys: "API keys: who may do what. A key gives no more than whoever makes it may do.",
  Webhooks: "Events posted to endpoints of yours.",
  Audit: "Who changed what.",
  System: "Probes, schemas and this description. None needs a key.",
} as const;

export type Tag = keyof typeof TAGS;

/** A body that a request brings. */
export interface RequestBody {
  /** The very schema that the handler reads it with. */
  readonly schema: z.ZodType;
  /** Its name among the schemas of the document. */
  readonly name: string;
  /** `false`: no body means `{}`. */
  readonly required: boolean;
  readonly mediaTypes: readonly string[];
  readonly example: unknown;
}

/** When an operation was given up, when it ends, and where it says what to use instead. */
export interface Deprecation {
  readonly since: Date;
  readonly sunset: Date;
  readonly link: string;
}

/** What one operation is and takes; what it answers is in `answersByOperation` under the same name. */
export interface Operation {
  /** Camel case, verb and noun. Never changed: clients have methods of this name. */
  readonly operationId: string;
  readonly tag: Tag;
  readonly summary: string;
  readonly description: string;
  /** What proves who asks: an API key, AgentKit's signature, or nothing. */
  readonly auth: "key" | "signature" | "none";
  /** What the key must be allowed to do; `null` where there is no key. */
  readonly scope: Scope | null;
  /** The very schema that the handler reads the query with; `null`: the query is not looked at. */
  readonly query: z.ZodObject | null;
  readonly body: RequestBody | null;
  /** Whether an `Idempotency-Key` is honoured. */
  readonly idempotent: boolean;
  /** Members of the answer that are shown once: `null` in whatever is kept of it or answered again. */
  readonly shownOnce: readonly string[];
  /** Headers of its success, but for those that every answer has. */
  readonly headers: readonly ("Location" | "ETag")[];
  readonly example: {
    readonly path: Readonly<Record<string, string>>;
    readonly query: Readonly<Record<string, string>>;
    /** `null`: the answer has no body. */
    readonly answer: unknown;
  };
  readonly deprecated?: Deprecation;
}

export interface Wanted extends Partial<Omit<Operation, "example" | "body">> {
  readonly body?: Pick<RequestBody, "schema" | "example"> & Partial<RequestBody>;
  readonly path?: Readonly<Record<string, string>>;
  readonly exampleQuery?: Readonly<Record<string, string>>;
  readonly answer: unknown;
}

const capital = (name: string): string => `${name.charAt(0).toUpperCase()}${name.slice(1)}`;

/** An operation; what is left out is as most operations have it: it needs a key, and takes neither query nor body. */
export const operation = (
  operationId: string,
  tag: Tag,
  scope: Scope | null,
  [summary, description]: readonly [summary: string, description: string],
  { body, path = {}, exampleQuery = {}, answer, ...more }: Wanted,
): Operation => ({
  operationId,
  tag,
  summary,
  description,
  auth: scope === null ? "none" : "key",
  scope,
  query: noParameters,
  idempotent: false,
  shownOnce: [],
  headers: [],
  body:
    body === undefined
      ? null
      : { name: `${capital(operationId)}Body`, required: true, mediaTypes: ["application/json"], ...body },
  example: { path, query: exampleQuery, answer },
  ...more,
});
