import type { HttpOutcome, HttpRequest } from "../../../src/agentkit/http-call.ts";
import type { CrashWorld } from "./world.ts";

type Json = Record<string, unknown>;

const answer = (status: number, body: Json): HttpOutcome => ({
  kind: "answer",
  status,
  headers: { get: (name) => (name.toLowerCase() === "content-type" ? "application/json" : null) },
  body: JSON.stringify(body),
  truncated: false,
});

/**
 * What the engine calls by itself: a service at `http://bank.sim` that refuses the first attempt of each order, and the
 * tools that AgentKit runs. An order is done once for its Idempotency-Key, and numbered: another key is another order.
 * An attempt may come again, but not before its lease has run out.
 */
export class Services {
  readonly #world: CrashWorld;
  readonly #orders = new Map<string, number>();
  readonly #attempts = new Map<string, { readonly first: boolean; at: number }>();
  /** How long a call belongs to the invocation that makes it (ms). */
  readonly #leaseMs: number;

  constructor(world: CrashWorld, leaseMs: number) {
    this.#world = world;
    this.#leaseMs = leaseMs;
  }

  /** The answer, if the request is for one of them. */
  receive({ url, headers, body }: HttpRequest): HttpOutcome | null {
    const { hostname } = new URL(url);
    const parsed = JSON.parse(body) as Json;
    const key = headers["idempotency-key"] ?? "";
    if (hostname === "bank.sim") {
      const { isFirst, order } = this.#take(key, headers["traceparent"] ?? "");
      return isFirst ? answer(503, { detail: "not yet" }) : answer(200, { order, of: parsed });
    }
    if (hostname !== "agentkit.sim" || parsed["messageType"] !== "tool_invocation") return null;
    const { order } = this.#take(key, String(parsed["opscore_task_id"]));
    const { tool_name: tool, arguments: given } = parsed["payload"] as Json;
    return answer(202, { status: "success", data: { result: { order, tool, given } } });
  }

  #take(key: string, attempt: string): { readonly isFirst: boolean; readonly order: number } {
    if (key === "") this.#world.bugs.push("a call came without an Idempotency-Key");
    const { now } = this.#world.time;
    const known = this.#attempts.get(attempt);
    if (known !== undefined && now - known.at < this.#leaseMs) {
      this.#world.bugs.push(`a call was made again ${now - known.at} ms after it, within its lease`);
    }
    const isFirst = known?.first ?? !this.#orders.has(key);
    this.#attempts.set(attempt, { first: isFirst, at: now });
    const order = this.#orders.get(key) ?? this.#orders.size + 1;
    this.#orders.set(key, order);
    return { isFirst, order };
  }
}
