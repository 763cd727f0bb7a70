import { describe, expect, test } from "vitest";
import { worldsOf } from "../support/api.ts";
import { arrange, replay, type Table } from "../support/wire-expectation.ts";
import { wireRecording, wireRecordings } from "../support/wire-recordings.ts";
import { agentTable } from "../support/wire-table-agents.ts";
import { referenceTable } from "../support/wire-table-reference.ts";
import { sdkTable } from "../support/wire-table-sdk.ts";
import type { Platform } from "../support/world.ts";

const table: Table = { ...agentTable, ...sdkTable, ...referenceTable };

const secret = wireRecording("webhook-register-minimal").secret ?? "";

/** Every recorded call that is addressed to Ops-Core, against the real app. */
export const wireSuite = (platform: Platform): void => {
  describe(`recorded calls on ${platform.name}`, () => {
    const open = worldsOf(platform);

    test("every recording addressed to Ops-Core has its answer in the table", () => {
      expect(wireRecordings.size).toBe(155);
      expect(Object.keys(table).toSorted()).toEqual([...wireRecordings.keys()].toSorted());
    });

    test.each(Object.keys(table))("%s", async (name) => {
      const recording = wireRecording(name);
      const expectation = table[name]!;
      for (const allowUnsigned of expectation.allowed === undefined ? [true] : [false, true]) {
        const world = await open({
          now: Date.UTC(2026, 10, 22, 7, 40),
          allowUnsigned,
          webhookSecrets: [recording.secret ?? secret],
        });
        await arrange(world, expectation.given);
        const reply = await replay(world, recording);
        const check = allowUnsigned ? (expectation.allowed ?? expectation.expect) : expectation.expect;
        await check(reply, world, recording);
      }
    });
  });
};
