import { expect, test } from "vitest";
import { AUDIT_ACTIONS } from "../../src/contract/audit.ts";
import { operations } from "../../src/contract/operations/table.ts";

/** Work, and what agents say of it: in the logs of sessions and agents. Or nothing is changed at all. */
const NOT_RECORDED = [
  "completeTask",
  "enqueueTask",
  "failTask",
  "heartbeatTask",
  "notifyAgent",
  "reportAgentState",
  "startSession",
  "testWorkflow",
  "triggerWorkflow",
  "validateWorkflow",
];

test("every operation that is no read is an operator's change that is recorded, or said to be none", () => {
  const changing = Object.entries(operations)
    .filter(([name]) => !name.startsWith("GET "))
    .map(([, { operationId }]) => operationId);
  expect(changing.toSorted()).toEqual([...AUDIT_ACTIONS, ...NOT_RECORDED].toSorted());
});
