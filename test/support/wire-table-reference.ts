import { expect } from "vitest";
import { call, stateOf, type Json } from "./api.ts";
import {
  adopted,
  refused,
  registered,
  reported,
  sampleParameters,
  saveSample,
  stateAsIn,
  triggered,
  type Expectation,
  type Table,
} from "./wire-expectation.ts";

const registration = "opscore-ref-notify-register";
const given = [registration, saveSample];

const unsigned = (allowed: Expectation["expect"], before: Expectation["given"] = []): Expectation => ({
  given: before,
  expect: refused(401, "invalid_signature"),
  allowed,
});

const answered =
  (status: number, body: Json): Expectation["expect"] =>
  (reply) => {
    expect(reply.status).toBe(status);
    expect(reply.text).toBe(JSON.stringify(body));
    return Promise.resolve();
  };

const fault = (pointer: string, code: string): Json => ({
  errors: expect.arrayContaining([expect.objectContaining({ pointer, code })]) as unknown,
});

/** What was sent to the original Ops-Core. Our answers differ where the contract says so. */
export const referenceTable: Table = {
  "opscore-ref-health": { expect: answered(200, { status: "ok" }) },

  "opscore-ref-notify-register": unsigned(registered),
  "opscore-ref-notify-register-again": unsigned(registered, [registration]),
  "opscore-ref-notify-lowercase-event": unsigned(registered),
  "opscore-ref-notify-metadata-null": unsigned(registered),
  "opscore-ref-notify-deregister": unsigned(
    async (reply, world) => {
      await answered(200, { status: "success", message: "Agent a1 deregistered." })(reply, world, {} as never);
      const agent = await call(world, "GET", "/v1/opscore/agents/a1");
      expect(agent.body).toMatchObject({ registration: "deregistered", available: false });
    },
    [registration],
  ),
  "opscore-ref-notify-empty-id": unsigned(
    refused(422, "validation_failed", fault("/agent_details/agentId", "too_small")),
  ),
  "opscore-ref-notify-missing-id": unsigned(
    refused(422, "validation_failed", fault("/agent_details/agentId", "required")),
  ),
  "opscore-ref-notify-unknown-event": unsigned(refused(400, "unknown_event_type")),

  "opscore-ref-state-get-unknown-agent": { expect: refused(404, "agent_not_found") },
  "opscore-ref-state-get-initial": {
    given: [registration],
    expect: answered(200, {
      agentId: "a1",
      state: "UNKNOWN",
      details: null,
      timestamp: "2026-11-22T07:50:04.000Z",
    }),
  },
  "opscore-ref-state-get": {
    given: [registration, "opscore-ref-state-post"],
    expect: stateAsIn("opscore-ref-state-post"),
  },
  "opscore-ref-state-get-naive-timestamp": {
    given: [registration, "opscore-ref-state-post-naive-timestamp"],
    expect: stateAsIn("opscore-ref-state-post-naive-timestamp"),
  },
  "opscore-ref-state-get-null-details": {
    given: [registration, "opscore-ref-state-post-null-details"],
    expect: stateAsIn("opscore-ref-state-post-null-details"),
  },
  "opscore-ref-state-get-older": {
    given: [registration, "opscore-ref-state-post", "opscore-ref-state-post-older"],
    expect: stateAsIn("opscore-ref-state-post"),
  },
  "opscore-ref-state-history": { given: [registration], expect: refused(404, "not_found") },

  "opscore-ref-state-post": { given: [registration], expect: reported() },
  "opscore-ref-state-post-naive-timestamp": { given: [registration], expect: reported() },
  "opscore-ref-state-post-null-details": { given: [registration], expect: reported() },
  "opscore-ref-state-post-lowercase-bearer": { given: [registration], expect: reported() },
  "opscore-ref-state-post-older": {
    given: [registration, "opscore-ref-state-post"],
    expect: async (reply, world) => {
      expect(reply.status).toBe(202);
      expect(reply.text).toBe('{"status":"success","message":"State update accepted"}');
      expect((await stateOf(world, "a1"))["state"]).toBe("idle");
    },
  },
  "opscore-ref-state-post-unknown-agent": { expect: adopted },
  "opscore-ref-state-post-bad-timestamp": {
    given: [registration],
    expect: refused(422, "validation_failed", fault("/timestamp", "invalid_timestamp")),
  },
  "opscore-ref-state-post-details-array": {
    given: [registration],
    expect: refused(422, "validation_failed", fault("/details", "invalid_type")),
  },
  "opscore-ref-state-post-missing-fields": {
    given: [registration],
    expect: refused(422, "validation_failed", fault("/timestamp", "required")),
  },
  "opscore-ref-state-post-id-mismatch": { given: [registration], expect: refused(400, "id_mismatch") },
  "opscore-ref-state-post-malformed": { given: [registration], expect: refused(400, "malformed_json") },
  "opscore-ref-state-post-basic-auth": { given: [registration], expect: refused(401, "unauthorized") },
  "opscore-ref-state-post-no-auth": { given: [registration], expect: refused(401, "unauthorized") },
  "opscore-ref-state-post-no-auth-bad-body": { given: [registration], expect: refused(401, "unauthorized") },
  "opscore-ref-state-post-wrong-key": { given: [registration], expect: refused(401, "unauthorized") },
  "opscore-ref-state-put": {
    given: [registration],
    expect: async (reply, world, recording) => {
      await refused(405, "method_not_allowed")(reply, world, recording);
      expect(reply.headers.get("Allow")).toBe("GET, HEAD, OPTIONS, POST");
    },
  },

  "opscore-ref-workflow-by-id": { given, expect: triggered("sample_workflow_id", sampleParameters) },
  "opscore-ref-workflow-inline": { given, expect: triggered("sample_workflow_id", { ...sampleParameters, a: 1 }) },
  "opscore-ref-workflow-both": { given, expect: refused(422, "validation_failed") },
  "opscore-ref-workflow-missing-both": { given, expect: refused(422, "validation_failed") },
  "opscore-ref-workflow-null-id": { given, expect: refused(422, "validation_failed") },
  "opscore-ref-workflow-integration-test-body": { given, expect: refused(422, "validation_failed") },
  "opscore-ref-workflow-invalid-inline": {
    given,
    expect: refused(422, "invalid_definition", fault("/workflowDefinition/tasks", "limit")),
  },
  "opscore-ref-workflow-no-auth": { given, expect: refused(401, "unauthorized") },
  "opscore-ref-corrected-workflow-by-id": { given, expect: triggered("sample_workflow_id", sampleParameters) },
  "opscore-ref-corrected-workflow-extra-fields": { given, expect: triggered("sample_workflow_id", sampleParameters) },
  "opscore-ref-corrected-workflow-initial-payload-empty": {
    given,
    expect: triggered("sample_workflow_id", sampleParameters),
  },
  "opscore-ref-corrected-workflow-inline": { given, expect: triggered("inline_1", { ...sampleParameters, a: 1 }) },
  "opscore-ref-corrected-workflow-no-tasks": {
    given,
    expect: refused(422, "invalid_definition", fault("/workflowDefinition/tasks", "limit")),
  },
  "opscore-ref-corrected-workflow-task-without-id": {
    given,
    expect: refused(422, "invalid_definition", fault("/workflowDefinition/tasks/0/taskId", "required")),
  },
  "opscore-ref-corrected-workflow-unknown-agent": { given, expect: refused(404, "agent_not_found") },
  "opscore-ref-corrected-workflow-unknown-id": { given, expect: refused(404, "workflow_not_found") },
};
