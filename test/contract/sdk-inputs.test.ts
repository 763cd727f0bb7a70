import { expect, test } from "vitest";
import type * as z from "zod";
import type { auditPageQuery } from "../../src/contract/audit.ts";
import type {
  completeByHandSchema,
  decideSchema,
  failByHandSchema,
  pauseSchema,
  signalSchema,
} from "../../src/contract/control.ts";
import type { dryRunSchema } from "../../src/contract/dry-run.ts";
import type { createKeySchema, revokeKeySchema, rotateKeySchema } from "../../src/contract/keys.ts";
import type { sessionCountsQuery, sessionPageQuery, taskPageQuery } from "../../src/contract/queries.ts";
import type {
  completeSchema,
  failSchema,
  notifySchema,
  putAgentSchema,
  startSchema,
  triggerSchema,
} from "../../src/contract/requests.ts";
import type { bulkSchema, rerunSchema } from "../../src/contract/reruns.ts";
import type { scheduleSchema } from "../../src/contract/schedules.ts";
import type { singleTaskSchema } from "../../src/contract/single-task.ts";
import type { taskSchema } from "../../src/contract/workflow-task.ts";
import type { workflowSchema } from "../../src/contract/workflow.ts";
import type * as sdk from "../../src/sdk/index.ts";

/** The members that a schema names itself; an index for `x-…` keys is none. */
type Named<T> = keyof { [K in keyof T as string extends K ? never : K]: T[K] };

/** Every member of each part of a union. */
type KeysOf<T> = T extends unknown ? Named<T> : never;

/** `true` if the SDK's type has the members that the schema has: no more, no fewer. Else those that differ. */
type SameKeys<S extends z.ZodType, T> = [
  Exclude<KeysOf<z.input<S>>, KeysOf<T>> | Exclude<KeysOf<T>, KeysOf<z.input<S>>>,
] extends [never]
  ? true
  : Exclude<KeysOf<z.input<S>>, KeysOf<T>> | Exclude<KeysOf<T>, KeysOf<z.input<S>>>;

type First<F> = F extends (first: never, second: infer Body, ...rest: never) => unknown ? NonNullable<Body> : never;
type Third<F> = F extends (a: never, b: never, body: infer Body, ...rest: never) => unknown ? NonNullable<Body> : never;

test("what the SDK takes has the members that the contract's schemas have (checked by the compiler)", () => {
  const same: readonly true[] = [
    true satisfies SameKeys<typeof putAgentSchema, sdk.AgentRegistration>,
    true satisfies SameKeys<typeof notifySchema, sdk.AgentNotification>,
    true satisfies SameKeys<typeof triggerSchema, sdk.WorkflowTrigger>,
    true satisfies SameKeys<typeof startSchema, sdk.SessionStart>,
    true satisfies SameKeys<typeof sessionCountsQuery, sdk.SessionCountsFilter>,
    true satisfies SameKeys<typeof sessionPageQuery, sdk.SessionQuery>,
    true satisfies SameKeys<typeof taskPageQuery, sdk.TaskQuery>,
    true satisfies SameKeys<typeof auditPageQuery, sdk.AuditQuery>,
    true satisfies SameKeys<typeof rerunSchema, sdk.Rerun>,
    true satisfies SameKeys<typeof bulkSchema, sdk.Bulk>,
    true satisfies SameKeys<typeof singleTaskSchema, sdk.SingleTask>,
    true satisfies SameKeys<ReturnType<typeof scheduleSchema>, sdk.NewSchedule>,
    true satisfies SameKeys<typeof createKeySchema, sdk.NewKey>,
    true satisfies SameKeys<typeof rotateKeySchema, First<sdk.Keys["rotate"]>>,
    true satisfies SameKeys<typeof revokeKeySchema, First<sdk.Keys["revoke"]>>,
    true satisfies SameKeys<typeof dryRunSchema, sdk.DryRun>,
    true satisfies SameKeys<typeof workflowSchema, sdk.WorkflowDefinition>,
    true satisfies SameKeys<typeof taskSchema, sdk.TaskDefinition>,
    true satisfies SameKeys<typeof decideSchema, sdk.Decision>,
    true satisfies SameKeys<typeof completeSchema, First<sdk.Tasks["complete"]>>,
    true satisfies SameKeys<typeof failSchema, First<sdk.Tasks["fail"]>>,
    true satisfies SameKeys<(typeof failSchema)["shape"]["error"], sdk.TaskFailure>,
    true satisfies SameKeys<typeof pauseSchema, First<sdk.Sessions["pause"]>>,
    true satisfies SameKeys<typeof signalSchema, Third<sdk.Sessions["signal"]>>,
    true satisfies SameKeys<typeof completeByHandSchema, Third<sdk.Sessions["completeTask"]>>,
    true satisfies SameKeys<typeof failByHandSchema, Third<sdk.Sessions["failTask"]>>,
  ];
  expect(same).not.toContain(false);
});
