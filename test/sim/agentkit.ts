import type { HttpRequest } from "../../src/agentkit/http-call.ts";
import type { SimWorld } from "./world.ts";

/** AgentKit as it is: answers 202 to everything it knows, forwards once at best, tells nobody of a failure. */
export class SimAgentKit {
  readonly #world: SimWorld;
  /** Agent id → host of its contact endpoint. */
  readonly #registry = new Map<string, string>();

  constructor(world: SimWorld) {
    this.#world = world;
    world.hosts.set("agentkit.sim", {
      receive: (path, body, answer, request) => {
        const id = /^\/v1\/agents\/([^/]+)\/run$/.exec(path)?.[1] ?? "";
        const host = this.#registry.get(id);
        if (host === undefined) return answer(404, JSON.stringify({ detail: `Agent with ID '${id}' not found.` }));
        if (body.includes('"messageType":"tool_invocation"')) {
          return world.services.invoke(body, request.headers["idempotency-key"] ?? "", answer);
        }
        answer(202, JSON.stringify({ status: "success", data: { agentId: id, dispatch_status: "scheduled" } }));
        if (!this.#world.plan.agentKitSwallows) this.#forward(host, request);
      },
    });
  }

  register(agentId: string, host: string): void {
    this.#registry.set(agentId, host);
  }

  /** A restart: its registry is in memory. */
  forget(): void {
    this.#registry.clear();
  }

  #forward(host: string, request: HttpRequest): void {
    this.#world.scheduler.after(this.#world.random.between(1, 50), () => {
      this.#world.hosts.get(host)?.receive("/task", request.body, () => undefined, request);
    });
  }
}
