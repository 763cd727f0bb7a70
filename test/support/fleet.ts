import { inject } from "vitest";
import type { FleetClient, FleetOp } from "./fleet-protocol.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Where the control API of AgentKits and agents listens. */
    fleetUrl: string;
    /** Where a server goes wrong in the way that the path names: `odd-server.ts`. */
    oddUrl: string;
    samples: Readonly<Record<string, string>>;
  }
}

/** The control API of the fleet, the same from Node and from inside workerd. */
export const fleet = new Proxy({} as FleetClient, {
  get:
    (_, op: FleetOp) =>
    async (...args: unknown[]): Promise<unknown> => {
      const answer = await fetch(inject("fleetUrl"), { method: "POST", body: JSON.stringify({ op, args }) });
      const { value, error } = (await answer.json()) as { value?: unknown; error?: string };
      if (error !== undefined) throw new Error(`fleet: ${op}: ${error}`);
      return value;
    },
});
