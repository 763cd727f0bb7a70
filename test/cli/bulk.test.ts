import { expect, test } from "vitest";
import { EXIT } from "../../src/cli/exit-codes.ts";
import { cliWorlds, type CliWorld } from "../support/cli.ts";
import { fetchOf } from "../support/sdk.ts";

const open = cliWorlds();

interface Bulk {
  readonly done: readonly { readonly sessionId: string; readonly newSessionId?: string }[];
}

/** So many sessions that were cancelled. */
const cancelled = async ({ cli }: CliWorld, count: number): Promise<void> => {
  const definition = '{"id":"w","name":"W","tasks":[{"taskId":"a","type":"signal"}]}';
  for (let at = 0; at < count; at += 1) await cli(["sessions", "start", "--definition", definition]);
  expect((await cli(["sessions", "bulk", "cancel", "--all", "--yes"])).code).toBe(EXIT.ok);
};

test(
  "a bulk rerun that broke off half-way goes on under its key, and runs nothing again twice",
  { timeout: 60_000 },
  async () => {
    const opened = await open();
    const { cli, world } = opened;
    await cancelled(opened, 103);
    const real = fetchOf(world);
    let pages = 0;
    const breaking: typeof real = (url, init) => {
      if (init.method === "POST" && url.endsWith("/bulk") && (pages += 1) > 1) return Promise.reject(new Error("gone"));
      return real(url, init);
    };
    const rerun = ["sessions", "bulk", "rerun", "--status", "cancelled", "--yes", "--json"];
    const broken = await cli(rerun, { fetch: breaking });
    expect(broken.code).toBe(EXIT.unreachable);
    const { hint } = (JSON.parse(broken.out) as { error: { hint: string } }).error;
    expect(hint).toMatch(/^100 done before/);
    const key = hint.split(" ").at(-1) ?? "";
    const again = await cli([...rerun, "--idempotency-key", key]);
    expect(again.code).toBe(EXIT.ok);
    expect((JSON.parse(again.out) as Bulk).done).toHaveLength(103);
    const counts = await cli(["sessions", "counts", "--json=total"]);
    expect(JSON.parse(counts.out)).toEqual({ total: 206 });
  },
);

test("the question is about as many as would be done", async () => {
  const opened = await open();
  await cancelled(opened, 3);
  const rerun = ["sessions", "bulk", "rerun", "--all"];
  const few = await opened.cli([...rerun, "--limit", "2"], { tty: true, answer: "n" });
  expect(few.err).toContain("rerun 2 of 3 sessions? [y/N] ");
  const all = await opened.cli([...rerun, "--limit", "9"], { tty: true, answer: "n" });
  expect(all.err).toContain("rerun 3 sessions? [y/N] ");
});
