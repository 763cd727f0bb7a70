import * as z from "zod";
import { closed, issue } from "./closed.ts";
import { AGENT_SCOPES, readGrant, ROLES } from "./grants.ts";
import { SCOPES } from "./operations/operation.ts";
import { duration } from "./workflow-values.ts";

const grant = z
  .string()
  .max(160)
  .superRefine((written, context) => {
    if (readGrant(written) !== null) return;
    const message =
      `Expected a scope such as \`sessions:read\` or \`sessions:*\`; ${AGENT_SCOPES.join(", ")} may name one agent: ` +
      "`state:write:writer-1`.";
    context.addIssue(issue([], message, { code: "invalid_scope", written, known: SCOPES }));
  })
  .meta({ pattern: "^[a-z]+:(read|write|\\*)(:.+)?$", examples: ["sessions:read", "state:write:writer-1"] });

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/** The body that makes a key. */
export const createKeySchema = closed({
  name: z.string().min(1).max(64).describe("What it is for: it stands beside all that is done with it."),
  role: z.enum(ROLES).optional().describe("A bundle of scopes."),
  scopes: z.array(grant).max(50).optional().describe("What it may do, beside its role."),
  expiresIn: duration(1).nullish().describe("After what time it ends; `null` or left out: never."),
}).superRefine(
  (value, context) => {
    const { role, scopes } = value as { readonly role?: unknown; readonly scopes?: unknown };
    if (role !== undefined || (Array.isArray(scopes) && scopes.length > 0)) return;
    if (scopes !== undefined && !Array.isArray(scopes)) return;
    context.addIssue(issue(["scopes"], "Expected a role, or at least one scope.", { code: "required" }));
  },
  { when: ({ value }) => isObject(value) },
);

/** How long the secret before may go on, unless said otherwise. */
export const DEFAULT_OVERLAP = "24h";

/** The body that gives a key another secret. */
export const rotateKeySchema = closed({
  overlap: duration(0)
    .default(DEFAULT_OVERLAP)
    .describe("How long the secret before goes on beside the new one; `0s`: not at all."),
});

/** The body that ends a key. */
export const revokeKeySchema = closed({
  reason: z.string().max(1_024).nullish().describe("Why, for whoever looks at it later."),
});
