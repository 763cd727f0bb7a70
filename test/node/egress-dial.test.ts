import type { LookupAddress } from "node:dns";
import { describe, expect, test } from "vitest";
import { createUndiciCall } from "../../src/agentkit/undici-call.ts";
import { publicLookup } from "../../src/agentkit/public-lookup.ts";
import { gateway, message } from "../support/agentkit-gateway.ts";
import { answering, httpServer } from "../support/faulty-servers.ts";

const address = (text: string): LookupAddress => ({ address: text, family: text.includes(":") ? 6 : 4 });

/** A resolver with one answer for every name, and the names it was asked for. */
const resolver = (...answers: readonly string[]) => {
  const asked: string[] = [];
  return {
    asked,
    resolve: (name: string, _: unknown, done: (error: null, addresses: LookupAddress[]) => void): void => {
      asked.push(name);
      queueMicrotask(() => done(null, answers.map(address)));
    },
  };
};

const refusedKinds: readonly (readonly [address: string, kind: string])[] = [
  ["127.0.0.1", "loopback"],
  ["10.1.2.3", "private"],
  ["169.254.169.254", "metadata"],
  ["100.64.0.9", "carrier-grade NAT"],
  ["0.0.0.0", "unspecified"],
  ["::1", "loopback"],
  ["::ffff:127.0.0.1", "loopback"],
  ["::ffff:a9fe:a9fe", "metadata"],
  ["64:ff9b::10.0.0.5", "NAT64"],
  ["fd00::1", "unique-local"],
  ["fe80::1", "link-local"],
  ["fe80::1%eth0", "link-local"],
];

describe("a call that may reach public addresses only", () => {
  test.each(refusedKinds)("is not made to a name that leads to %s", async (found, kind) => {
    const seen: unknown[] = [];
    const host = await httpServer((request, response) => {
      seen.push(request.url);
      response.end();
    });
    const { resolve, asked } = resolver(found);
    const call = createUndiciCall({ resolve });
    const url = `http://agents.example.com:${host.split(":")[1]}/`;
    const outcome = await call({ url, method: "POST", headers: {}, body: "{}", timeoutMs: 2_000, publicOnly: true });
    expect(outcome).toEqual({
      kind: "unreachable",
      reason: `has a name that leads to a ${kind} address, which the egress policy refuses`,
    });
    expect(asked).toEqual(["agents.example.com"]);
    expect(seen).toEqual([]);
  });

  test("asks once, and dials what it was told: a second answer has no say", async () => {
    const { resolve, asked } = resolver("93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c");
    const lookup = publicLookup(resolve);
    const all = await new Promise((done) => {
      lookup("example.com", { all: true }, (error, found) => done([error, found]));
    });
    expect(all).toEqual([
      null,
      [
        { address: "93.184.215.14", family: 4 },
        { address: "2606:2800:21f:cb07:6820:80da:af6b:8b2c", family: 6 },
      ],
    ]);
    const one = await new Promise((done) => {
      lookup("example.com", { family: 6 }, (error, found, family) => done([error, found, family]));
    });
    expect(one).toEqual([null, "2606:2800:21f:cb07:6820:80da:af6b:8b2c", 6]);
    expect(asked).toHaveLength(2);
  });

  test("one private address among public ones refuses the name, whatever family is dialled", async () => {
    const lookup = publicLookup(resolver("93.184.215.14", "::1").resolve);
    const error = await new Promise((done) => lookup("example.com", { family: 4 }, done));
    expect(error).toMatchObject({ name: "RefusedAddress", message: "has a name that leads to a loopback address" });
  });

  test("a name without addresses does not resolve", async () => {
    const call = createUndiciCall({ resolve: resolver().resolve });
    const request = { url: "http://nobody.example.com/", method: "GET", headers: {}, body: "" } as const;
    expect(await call({ ...request, timeoutMs: 2_000, publicOnly: true })).toMatchObject({
      kind: "unreachable",
      reason: "has a host name that does not resolve",
    });
  });

  test("what the configuration names may be anywhere", async () => {
    const { host } = await answering(200, "{}");
    const { resolve, asked } = resolver("127.0.0.1");
    const url = `http://localhost:${host.split(":")[1]}/`;
    const outcome = await createUndiciCall({ resolve })({
      url, method: "POST", headers: {}, body: "{}", timeoutMs: 2_000,
    }); // prettier-ignore
    expect(outcome).toMatchObject({ kind: "answer", status: 200 });
    expect(asked).toEqual([]);
  });

  test("the gateway asks for it where the endpoint came in over the API, and not for AgentKit", async () => {
    const kit = await answering(202);
    const { resolve, asked } = resolver("10.0.0.5");
    const call = createUndiciCall({ resolve });
    const reason = "has a name that leads to a private address, which the egress policy refuses";
    const recipient = { agentId: "a", contactEndpoint: "http://agent.example.com:1/task" };
    expect(await gateway(kit.host, { call, egress: "public" }).deliver(recipient, message)).toMatchObject({
      kind: "accepted",
      refusals: [{ transport: "direct", reason: `http://agent.example.com:1/task ${reason}` }],
    });
    expect(asked).toEqual(["agent.example.com"]);
  });
});
