import type { BodyFault } from "../../src/agentkit/http-call.ts";
import type { Random } from "./random.ts";
import type { Answer, Outside, SimWorld } from "./world.ts";

/** What is left of a body that did not come whole. */
const spoilt = (fault: BodyFault) => ({ fault, truncated: fault !== "not_text" });

type Manner = (served: object, answer: Answer, random: Random) => void;

const json = { "content-type": "application/json; charset=utf-8" };
const problem = '{"detail":"not like this"}';

/** How a service answers. `null`: never. */
const manners: Readonly<Record<string, Manner | null>> = {
  done: (served, answer) => answer(200, JSON.stringify(served), json),
  made: (served, answer) => answer(201, JSON.stringify(served), json),
  empty: (_served, answer) => answer(204, ""),
  text: (_served, answer) => answer(200, "done", { "content-type": "text/plain" }),
  noJson: (_served, answer) => answer(200, '{"done":', json),
  refused: (_served, answer, random) => answer(random.pick([400, 401, 404, 409, 422]), problem, json),
  limited: (_served, answer, random) => answer(429, problem, { ...json, "retry-after": random.pick(["1", "20", "soon"]) }),
  broken: (_served, answer, random) => answer(random.pick([500, 502, 503]), problem, json),
  away: (_served, answer) => answer(503, "", { "retry-after": "7" }),
  moved: (_served, answer) => answer(307, "", { location: "http://elsewhere.sim/x" }),
  large: (_served, answer) => answer(200, "x".repeat(64), {}, spoilt("too_large")),
  cut: (_served, answer) => answer(200, '{"do', json, spoilt("broken")),
  bytes: (_served, answer) => answer(200, "\uFFFD", { "content-type": "image/png" }, spoilt("not_text")),
  hangs: null,
}; // prettier-ignore

const GOOD = ["done", "done", "done", "made", "text", "empty"] as const;
const USUAL = ["refused", "limited", "limited", "broken", "broken", "away", "hangs"] as const;

/** What the tools of AgentKit do; `null` of one that there is not. */
const tools: Readonly<Record<string, readonly string[] | null>> = {
  search: ["ok"],
  moody: ["ok", "fails", "fails", "breaks", "slow", "hangs"],
  none: null,
};

/** The names of tools that definitions may use: the last is not registered. */
export const TOOLS: readonly string[] = Object.keys(tools);

export const SERVICE_URLS: readonly string[] = ["http://api.sim/orders", "http://api.sim/orders/${session.id}?a=b"];

/**
 * What the engine calls by itself: a service behind `http://api.sim`, and the tools of AgentKit. Each remembers what it
 * was asked: an attempt may come as often as the engine has decided to call, and under the key of its task only.
 */
export class SimServices {
  /** Attempts that were answered, by the mark under which they came. */
  readonly answered = new Set<string>();
  readonly #world: SimWorld;
  readonly #random: Random;
  readonly #orders = new Map<string, number>();
  /** How often this world's service is not as it should be. */
  readonly #bad: number;
  #healed = false;

  constructor(world: SimWorld) {
    this.#world = world;
    this.#random = world.random.fork("services");
    this.#bad = this.#random.pick([0, 0.4, 0.9]);
    world.hosts.set("api.sim", this.#api());
  }

  /** From now on everything is answered well. */
  heal(): void {
    this.#healed = true;
  }

  #order(key: string): number {
    const order = this.#orders.get(key) ?? this.#orders.size + 1;
    this.#orders.set(key, order);
    return order;
  }

  #manner(good: readonly string[], bad: readonly string[]): string {
    return this.#random.pick(!this.#healed && this.#random.chance(this.#bad) ? bad : good);
  }

  #api(): Outside {
    return {
      receive: (_path, _body, answer, { headers }) => {
        const key = headers["idempotency-key"] ?? "";
        const name = this.#manner(GOOD, [...USUAL, ...Object.keys(manners)]);
        this.#world.saw(`api:${name}`);
        const manner = manners[name];
        if (manner == null) return;
        this.answered.add(headers["traceparent"] ?? "");
        this.#later(() => manner({ done: key, order: this.#order(key) }, answer, this.#random));
      },
    };
  }

  #later(say: () => void): void {
    const { scheduler } = this.#world;
    // A slow answer may come after the caller has given up.
    scheduler.after(this.#random.chance(0.2) ? this.#random.between(500, 12_000) : this.#random.between(0, 30), say);
  }

  /** AgentKit runs a tool while the caller waits; it answers 202 for one that has failed, too. */
  invoke(body: string, key: string, answer: Answer): void {
    const { payload, opscore_task_id: attemptId } = JSON.parse(body) as {
      payload: { tool_name: string };
      opscore_task_id: string;
    };
    const { tool_name: tool } = payload;
    const does = tools[tool];
    this.answered.add(attemptId);
    if (does == null) {
      return answer(404, JSON.stringify({ detail: `Tool '${tool}' not found in registry (local or external).` }));
    }
    const name = this.#healed ? "ok" : this.#random.pick(does);
    this.#world.saw(`tool:${name}`);
    if (name === "hangs") return;
    if (name === "breaks") return answer(500, JSON.stringify({ detail: "External tool returned error: Status 500" }));
    const ok = name !== "fails";
    const data = ok
      ? { status: "success", result: { done: key, order: this.#order(key) } }
      : { status: "error", error_message: "boom" };
    const text = JSON.stringify({
      status: ok ? "success" : "error",
      message: `External tool '${tool}' ${ok ? "executed successfully." : "execution failed: boom"}`,
      data,
      error_code: ok ? null : "EXTERNAL_TOOL_EXECUTION_FAILED",
    });
    this.#world.scheduler.after(name === "slow" ? this.#random.between(500, 12_000) : 5, () => answer(202, text));
  }
}
