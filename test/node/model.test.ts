import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { test } from "vitest";
import { migrateLibsql } from "../../src/store/migrate-libsql.ts";
import { anyCommands, openReal } from "../support/fleet-commands.ts";
import { FleetModel } from "../support/fleet-model.ts";

const migrations = fileURLToPath(new URL("../../drizzle", import.meta.url));

/** Others with the variables; a failing run prints its own seed and path. */
const seed = Number(process.env["OPSCORE_MODEL_SEED"] ?? 20_261_122);
const numRuns = Number(process.env["OPSCORE_MODEL_RUNS"] ?? 20);

test(
  `P3, P4, P6, P8, P10: whatever users and agents do, all that can be read is as a simple model says (${numRuns} runs from ${seed})`,
  { timeout: 60_000 + numRuns * 10_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(anyCommands, async (commands) => {
        const folder = mkdtempSync(join(tmpdir(), "opscore-model-"));
        const url = `file:${join(folder, "model.db")}`;
        try {
          await migrateLibsql({ url }, migrations);
          const real = await openReal(url);
          try {
            await fc.asyncModelRun(() => ({ model: new FleetModel(), real }), commands);
          } finally {
            await real.world.close();
          }
        } finally {
          rmSync(folder, { recursive: true, force: true });
        }
      }),
      { seed, numRuns },
    );
  },
);
