import type { HttpCall } from "../../src/agentkit/http-call.ts";
import { answersByOperation } from "../../src/contract/answers/by-operation.ts";
import { createOpsCore, type ClientOptions, type Fetch, type OpsCore, type Seams } from "../../src/sdk/index.ts";
import { API_KEY, type World } from "./world.ts";

/** Waits of this length and longer (time-outs, heartbeats) do not pass by themselves. */
const LONG_MS = 10_000;

/** The world's clock. Short waits pass at once; `meanwhile` is what happens in each of them. */
export const quickSeams = (world: Pick<World, "clock">, meanwhile?: () => Promise<void>): Seams => ({
  now: () => world.clock.now(),
  random: () => 0.5,
  sleep: async (ms, signal) => {
    if (signal?.aborted === true) return;
    if (ms < LONG_MS) {
      world.clock.advance(ms);
      await meanwhile?.();
      return;
    }
    await new Promise<void>((resolve) => {
      signal?.addEventListener("abort", () => resolve());
    });
  },
});

/** Operations with the fewest parameters first: `/sessions/counts` is no session. */
const patterns = Object.keys(answersByOperation)
  .map((name) => ({
    name,
    pattern: new RegExp(`^${name.replaceAll(/[.]/g, "\\.").replaceAll(/\{\w+\}/g, "[^/]+")}$`),
    parameters: name.split("{").length,
  }))
  .toSorted((a, b) => a.parameters - b.parameters);

/** The operation that a request is for, as the contract names it. */
const operationOf = (method: string, path: string): string =>
  patterns.find(({ pattern }) => pattern.test(`${method} ${path}`))?.name ?? `none: ${method} ${path}`;

export interface SdkClient {
  readonly client: OpsCore;
  /** The operations that were called so far. */
  readonly called: ReadonlySet<string>;
}

/** `fetch` that leads into the world's app; every answer is held against the contract. */
export const fetchOf =
  (world: World, called = new Set<string>()): Fetch =>
  (url, { method = "GET", headers, body }) => {
    const { pathname, search } = new URL(url);
    called.add(operationOf(method, pathname));
    const sent = { Authorization: null, ...(headers as Record<string, string>) };
    return world.request(method, `${pathname}${search}`, body as string | undefined, sent);
  };

/** A client of the world's app. */
export const sdkOf = (world: World, options: Partial<ClientOptions> = {}): SdkClient => {
  const called = new Set<string>();
  const fetch = fetchOf(world, called);
  const seams = quickSeams(world, () => world.sweep());
  return { called, client: createOpsCore({ baseUrl: "http://localhost", apiKey: API_KEY, fetch, seams, ...options }) };
};

/** Calls out that reach a fetch handler, whatever their address. */
export const callInto =
  (handle: (request: Request) => Promise<Response>): HttpCall =>
  async ({ url, method, headers, body }) => {
    const response = await handle(new Request(url, { method, headers, body }));
    const text = await response.text();
    return { kind: "answer", status: response.status, headers: response.headers, body: text, truncated: false };
  };

/** Every row of an iterable. */
export const all = async <T>(rows: AsyncIterable<T>): Promise<readonly T[]> => {
  const found: T[] = [];
  for await (const row of rows) found.push(row);
  return found;
};
