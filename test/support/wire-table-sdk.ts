import {
  adopted,
  refused,
  reported,
  sampleParameters,
  saveSample,
  stateAsIn,
  triggered,
  type Expectation,
  type Table,
} from "./wire-expectation.ts";

const registration = "webhook-register-with-metadata";
const given = [registration, saveSample];
const started: Expectation = { given, expect: triggered("sample_workflow_id", sampleParameters) };

/** The Python opscore_sdk: its two clients send the same. */
const client = (kind: "sync" | "async"): Table => {
  const update = `opscore-sdk-${kind}-update-state`;
  const read: Expectation = { given: [registration, update], expect: stateAsIn(update) };
  const all: Table = {
    "get-state": read,
    "get-state-empty": read,
    "get-state-not-json": read,
    "get-state-404": { expect: refused(404, "agent_not_found") },

    "trigger-workflow": {
      given,
      expect: triggered("sample_workflow_id", { ...sampleParameters, input_data: "some value" }),
    },
    "trigger-workflow-no-payload": started,
    "trigger-workflow-extra-fields": started,
    "trigger-workflow-200": started,
    "trigger-workflow-202-empty": started,
    "trigger-workflow-404": { given, expect: refused(404, "workflow_not_found") },

    "update-state": { given: [registration], expect: reported() },
    "update-state-no-details": { given: [registration], expect: reported() },
    // The id is not escaped: its "/" makes it another path.
    "update-state-special-id": { expect: refused(404, "not_found") },
    "update-state-200": { expect: adopted },
    "update-state-202-empty": { expect: adopted },
    "update-state-204": { expect: adopted },
    "update-state-error-307": { expect: adopted },
    "update-state-error-400": { expect: adopted },
    "update-state-error-400-no-detail": { expect: adopted },
    "update-state-error-401": { expect: adopted },
    "update-state-error-403": { expect: adopted },
    "update-state-error-404": { expect: adopted },
    "update-state-error-404-empty": { expect: adopted },
    "update-state-error-409": { expect: adopted },
    "update-state-error-422": { expect: adopted },
    "update-state-error-429": { expect: adopted },
    "update-state-error-500": { expect: adopted },
    "update-state-error-503-not-json": { expect: adopted },
    "update-state-timeout": { expect: adopted },
  };
  return Object.fromEntries(Object.entries(all).map(([name, one]) => [`opscore-sdk-${kind}-${name}`, one]));
};

export const sdkTable: Table = { ...client("sync"), ...client("async") };
