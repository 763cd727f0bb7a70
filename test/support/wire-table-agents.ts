import { adopted, refused, registered, reported, type Table } from "./wire-expectation.ts";

const unknownTask = reported({ applied: false, reason: "unknown_task" });

/** What AgentKit, its SDK and the recorded agents send. Answers scripted by the recording server play no part. */
export const agentTable: Table = {
  "webhook-main-branch-no-metadata": { expect: registered },
  "webhook-opscore-204": { expect: registered },
  "webhook-opscore-307": { expect: registered },
  "webhook-opscore-401": { expect: registered },
  "webhook-opscore-422": { expect: registered },
  "webhook-opscore-500": { expect: registered },
  "webhook-opscore-slow": { expect: registered },
  "webhook-register-empty-strings": { expect: registered },
  "webhook-register-endpoint-normalised": { expect: registered },
  "webhook-register-explicit-null-metadata": { expect: registered },
  "webhook-register-extra-fields": { expect: registered },
  "webhook-register-metadata-empty": { expect: registered },
  "webhook-register-metadata-extra-keys": { expect: registered },
  "webhook-register-metadata-null": { expect: registered },
  "webhook-register-minimal": { expect: registered },
  "webhook-register-unicode": { expect: registered },
  "webhook-register-with-metadata": { expect: registered },

  "aware-agent-webhook": { expect: registered },
  "aware-agent-initial-idle": { expect: adopted },
  "aware-agent-active": { given: ["aware-agent-webhook", "aware-agent-initial-idle"], expect: reported() },
  "aware-agent-idle": {
    given: ["aware-agent-webhook", "aware-agent-initial-idle", "aware-agent-active"],
    expect: reported(),
  },

  "simulated-agent-webhook": { expect: registered },
  "simulated-agent-initial-idle": { given: ["simulated-agent-webhook"], expect: reported() },
  // Recorded with a 404: an agent that is not registered yet is taken in.
  "simulated-agent-initial-idle-404": { expect: adopted },
  "simulated-agent-active": { given: ["simulated-agent-webhook"], expect: unknownTask },
  "simulated-agent-idle": { given: ["simulated-agent-webhook", "simulated-agent-active"], expect: unknownTask },
  "simulated-agent-active-no-task-id": { given: ["simulated-agent-webhook"], expect: reported() },
  "simulated-agent-idle-no-task-id": {
    given: ["simulated-agent-webhook", "simulated-agent-active-no-task-id"],
    expect: reported(),
  },
  "simulated-agent-error": { given: ["simulated-agent-webhook"], expect: unknownTask },

  "mock-agentkit-webhook-unsigned": { expect: refused(401, "invalid_signature"), allowed: registered },
  "mock-agentkit-state-busy": { given: ["mock-agentkit-webhook-unsigned"], expect: reported() },
  "mock-agentkit-state-idle": {
    given: ["mock-agentkit-webhook-unsigned", "mock-agentkit-state-busy"],
    expect: reported(),
  },

  "state-sdk-no-details": { given: ["webhook-register-with-metadata"], expect: reported() },
  "state-sdk-details": { given: ["webhook-register-with-metadata"], expect: unknownTask },
  "state-sdk-error": { given: ["webhook-register-with-metadata"], expect: reported() },
  "state-sdk-custom-state": { given: ["webhook-register-with-metadata"], expect: reported() },
  "state-sdk-url-with-v1": { given: ["webhook-register-with-metadata"], expect: reported() },
  // The SDK does not escape the id: "/" and "?" make it another path, at which there is nothing.
  "state-sdk-id-special": { expect: refused(404, "not_found") },
  "state-sdk-response-200": { expect: adopted },
  "state-sdk-response-204": { expect: adopted },
  "state-sdk-response-307": { expect: adopted },
  "state-sdk-response-401": { expect: adopted },
  "state-sdk-response-404": { expect: adopted },
  "state-sdk-response-409": { expect: adopted },
  "state-sdk-response-422": { expect: adopted },
  "state-sdk-response-429": { expect: adopted },
  "state-sdk-response-500": { expect: adopted },
  "state-sdk-response-500-not-json": { expect: adopted },
  "state-sdk-response-error-array": { expect: adopted },
};
