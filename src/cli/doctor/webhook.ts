import { OpsCoreError } from "../../sdk/errors.ts";
import type { Context } from "../context.ts";
import { fault, ok, type Finding } from "./finding.ts";

/**
 * A webhook that changes nothing: the signature is checked before anything of the body is read, and an event of this
 * name is refused afterwards.
 */
const PROBE = { event_type: "OPSCORE_DOCTOR", agent_details: { agentId: "opscore-doctor" } };

type Outcome = "accepted" | "no_secret" | "too_late" | "refused";

const probe = async ({ client }: Context, secret: string | null): Promise<Outcome> => {
  try {
    await client().agents.notify(PROBE, { maxRetries: 0, ...(secret === null ? {} : { secret }) });
    return "accepted";
  } catch (error) {
    if (!(error instanceof OpsCoreError)) throw error;
    if (error.code === "unknown_event_type") return "accepted";
    if (error.code !== "invalid_signature") throw error;
    if (error.hint?.includes("OPSCORE_WEBHOOK_SECRET") === true) return "no_secret";
    return error.detail.includes("300 s") ? "too_late" : "refused";
  }
};

const mismatch = (outcome: Outcome, which: string, origin: string): Finding => {
  switch (outcome) {
    case "no_secret":
      return fault(
        "webhook-secret",
        `the server has no webhook secret, ${origin} has one: every registration by AgentKit is refused`,
        "Set OPSCORE_WEBHOOK_SECRET on the server to the secret that AgentKit signs with.",
      );
    case "too_late":
      return fault("webhook-clock", "a webhook signed now is out of the server's 300 s", "Set both clocks by NTP.");
    case "refused":
      return fault(
        "webhook-secret",
        `${which} of ${origin} is none of the server's: what AgentKit signs with it is refused`,
        "Set OPSCORE_WEBHOOK_SECRET to the same on both sides (two, comma-separated, while rotating).",
      );
    case "accepted":
      return ok("webhook-secret", `${which} of ${origin} is the server's`);
  }
};

/** Whether AgentKit's signature would be accepted, and nothing without one, by round trips that change nothing. */
export const checkWebhook = async (context: Context): Promise<readonly Finding[]> => {
  const { value, origin } = context.settings().webhookSecret;
  const findings: Finding[] = [];
  if ((await probe(context, null)) === "accepted") {
    findings.push(
      fault(
        "webhook-unsigned",
        "the server takes unsigned webhooks: whoever reaches it can register agents",
        "Set OPSCORE_WEBHOOK_SECRET and remove OPSCORE_ALLOW_UNSIGNED_WEBHOOKS.",
      ),
    );
  }
  const secrets = (value ?? "").split(",").flatMap((one) => (one.trim() === "" ? [] : [one.trim()]));
  for (const [at, secret] of secrets.entries()) {
    const which = secrets.length === 1 ? "the secret" : `secret ${at + 1}`;
    findings.push(mismatch(await probe(context, secret), which, origin ?? "the settings"));
  }
  return findings;
};
