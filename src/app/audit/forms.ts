import type { Agent } from "../../core/agent/agent.ts";
import type { JsonObject } from "../../core/json.ts";
import { canonical } from "../../core/workflow/canonical.ts";
import type { KeyRecord } from "../key-port.ts";
import type { ScheduleRecord } from "../schedule-port.ts";
import { sha256 } from "../sha256.ts";
import type { WebhookRecord } from "../webhook-port.ts";

/**
 * What the digests of audit rows are made of: the canonical JSON (RFC 8785) of what an operator sets, not of what the
 * engine notes beside it. Of a workflow it is the definition itself, whose digest is its `hash`. Of a session it is its
 * log, whose digest is the `hash` of its newest row: an audit row names the very rows between which it stands.
 */
const digestOf = (form: JsonObject | null): Promise<string | null> =>
  form === null ? Promise.resolve(null) : sha256(canonical(form));

/** Of a registration. */
export const agentForm = (agent: Agent | null): Promise<string | null> =>
  digestOf(
    agent === null
      ? null
      : {
          agentId: agent.id,
          agentName: agent.name,
          version: agent.version,
          capabilities: agent.capabilities,
          contactEndpoint: agent.contactEndpoint,
          metadata: agent.metadata,
          registration: agent.admission,
        },
  );

/** Of an API key: what it may do and how it stands; nothing of its secret, but when it was last given one. */
export const keyForm = (key: KeyRecord | null): Promise<string | null> =>
  digestOf(
    key === null
      ? null
      : {
          keyId: key.id,
          name: key.name,
          role: key.role,
          scopes: key.scopes,
          expiresAt: key.expiresAt,
          rotatedAt: key.rotatedAt,
          revokedAt: key.revoked?.at ?? null,
        },
  );

/** Of a schedule: what it was told, and whether it is paused. */
export const scheduleForm = (schedule: Pick<ScheduleRecord, "id" | "spec" | "state"> | null): Promise<string | null> =>
  digestOf(schedule === null ? null : { scheduleId: schedule.id, ...schedule.spec, paused: schedule.state.paused });

/** Of a subscription: what it is for, whether it sends, and a digest of its secrets, so that a rotation shows. */
export const webhookForm = async (webhook: WebhookRecord | null): Promise<string | null> =>
  digestOf(
    webhook === null
      ? null
      : {
          webhookId: webhook.id,
          url: webhook.url,
          events: webhook.events,
          description: webhook.description,
          enabled: webhook.enabled,
          secrets: await sha256(JSON.stringify(webhook.secrets)),
        },
  );
