import { describe, expect, test } from "vitest";
import { fleet } from "../support/fleet.ts";
import { callerOf, NOW, toolTask } from "../support/task-calls.ts";
import type { Platform } from "../support/world.ts";

/** Tools of an AgentKit that behaves as recorded, over real HTTP. */
export const toolTaskSuite = (platform: Platform): void => {
  describe(`tool tasks on ${platform.name}`, () => {
    const open = async () => {
      const { kit, url } = await fleet.startKit({ deliver: "swallow" });
      const { agent } = await fleet.startAgent({ behaviour: "silent" });
      const told = { agentName: "User", capabilities: [], signedAt: NOW / 1_000, secret: "unused" };
      const { agentId } = await fleet.register(kit, agent, told);
      const caller = callerOf(platform, { agentKitUrl: url });
      const run = (toolName: string, given = {}, timeoutMs = 10_000) =>
        caller.tool(toolTask(toolName, { agentId, arguments: given, timeoutMs }));
      return { kit, run };
    };

    test("a tool's result is the output, its error the failure", async () => {
      const { kit, run } = await open();
      expect(await run("word_count", { text: "as the tide 🌊" })).toEqual({
        kind: "answered",
        output: { words: 4, characters: 13 },
      });
      expect(await run("always_fails")).toMatchObject({
        code: "LOCAL_TOOL_EXECUTION_FAILED",
        message: "This tool always fails.",
        retryable: true,
        sent: true,
      });
      expect(await run("no_such_tool")).toMatchObject({ code: "tool_unknown", retryable: false });
      expect(await fleet.countRuns(kit)).toBe(0);
    });

    test("AgentKit's troubles can be tried again: restarted, broken, silent, gone", async () => {
      const { kit, run } = await open();
      await fleet.setFault(kit, { run: 500 });
      expect(await run("word_count")).toMatchObject({ code: "tool_failed", retryable: true });
      await fleet.setFault(kit, { run: "hang" });
      expect(await run("word_count", {}, 500)).toMatchObject({ code: "timeout", retryable: true, sent: true });
      await fleet.setFault(kit, null);
      await fleet.forgetAgents(kit);
      expect(await run("word_count")).toMatchObject({ code: "agent_unknown", retryable: true });
      await fleet.closeKit(kit);
      expect(await run("word_count")).toMatchObject({ code: "unreachable", retryable: true, sent: false });
    });
  });
};
