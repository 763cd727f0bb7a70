import { nodePlatform } from "../support/node-platform.ts";
import type { Sql } from "../../src/store/sql-port.ts";
import type { Run, Script } from "./command.ts";
import { describeDifference, differenceOf, type Difference } from "./compare.ts";
import { openSide, replay } from "./side.ts";
import { startWorkerdHost } from "./workerd-host.ts";
import { writeScript } from "./write-script.ts";

/** What one script did on both. */
export interface Pair {
  readonly script: Script;
  readonly libsql: Run;
  readonly d1: Run;
}

/** Node over an embedded libSQL file, and workerd over D1. */
export interface BothSides {
  readonly routes: readonly string[];
  /** Runs the scripts of these seeds on both; `take` gets each pair in their order, and must leave the databases be. */
  run(seeds: readonly string[], take: (pair: Pair) => void): Promise<void>;
  /** The same script on libSQL once more, through `plant`. */
  replayPlanted(script: Script, plant: (sql: Sql) => Sql): Promise<Run>;
  /** In words, and at the first command where the rows differ if they do. */
  explain(script: Script, difference: Difference): Promise<string>;
  close(): Promise<void>;
}

export const openBothSides = async (): Promise<BothSides> => {
  const opened = await nodePlatform.openSql();
  const { sql } = opened;
  const host = await startWorkerdHost();
  return {
    routes: (await openSide(sql, "0")).routes,
    run: async (seeds, take) => {
      let before: Promise<void> = Promise.resolve();
      for (const seed of seeds) {
        const { script, run: libsql } = await writeScript(sql, seed);
        await before;
        // workerd is another process: this goes on while the next script is written.
        before = host.replay(script).then((d1) => take({ script, libsql, d1 }));
      }
      await before;
    },
    replayPlanted: (script, plant) => replay(plant(sql), script),
    explain: async (script, difference) => {
      const [libsql, d1] = [await replay(sql, script, true), await host.replay(script, true)];
      return describeDifference(script, differenceOf(libsql, d1) ?? difference);
    },
    close: async () => {
      await host.close();
      await opened.close();
    },
  };
};
