import type { Sql } from "../../src/store/sql-port.ts";
import type { Random } from "../sim/random.ts";
import { notify, putAgent, report } from "./agent-commands.ts";
import type { Command, EngineCommand, Run, Script, Step } from "./command.ts";
import { control } from "./control-commands.ts";
import { dryRun } from "./dry-run-commands.ts";
import { createKnown, learn, recent, type Known } from "./known.ts";
import { apiKey } from "./key-commands.ts";
import { list, read, stray } from "./read-commands.ts";
import { again } from "./rerun-commands.ts";
import { schedule } from "./schedule-commands.ts";
import { webhook } from "./webhook-commands.ts";
import { openSide } from "./side.ts";
import { single } from "./single-commands.ts";
import { cancel, saveDefinition, settle, startSession } from "./work-commands.ts";

const steps: readonly number[] = [
  0, 1, 7, 999, 1_000, 5_000, 31_000, 61_000, 300_000, 601_000, 3_600_000, 86_400_000, 8 * 86_400_000,
]; // prettier-ignore

const advance = ({ random }: Known): EngineCommand => ({ kind: "advance", ms: random.pick(steps) });

const sweepOnce = ({ random }: Known): EngineCommand => ({ kind: "sweep", own: random.pick([1, 2, 500]), limit: 500 });

const deliver = ({ random, messages, sessions }: Known): EngineCommand => ({
  kind: "deliver",
  sessionId: recent(random, random.chance(0.5) ? messages : sessions) ?? "ses_0001M8149T005WFVAED5FS98FYCY",
});

const restart = (): EngineCommand => ({ kind: "restart" });

type Draw = (known: Known) => Command;

/** How often which command is drawn. */
const weights: readonly (readonly [number, Draw])[] = [
  [10, putAgent],
  [10, notify],
  [22, report],
  [9, saveDefinition],
  [16, startSession],
  [16, settle],
  [4, cancel],
  [34, control],
  [8, single],
  [8, dryRun],
  [20, again],
  [16, schedule],
  [16, apiKey],
  [26, webhook],
  [10, list],
  [10, read],
  [3, stray],
  [9, advance],
  [8, sweepOnce],
  [5, deliver],
  [1, restart],
];

const total = weights.reduce((sum, [weight]) => sum + weight, 0);

const draw = (random: Random): Draw => {
  let left = random.next() * total;
  for (const [weight, one] of weights) {
    left -= weight;
    if (left < 0) return one;
  }
  return report;
};

/** Nothing much happens in a world without agents and work. */
const opening: readonly Draw[] = [putAgent, notify, saveDefinition, startSession];

/**
 * Writes the script of a seed: 15 to 40 commands, each drawn in the knowledge of what came of those before on the
 * database in `sql`. The script itself depends on the seed alone and holds every command to the letter.
 */
export const writeScript = async (sql: Sql, seed: string): Promise<{ readonly script: Script; readonly run: Run }> => {
  const side = await openSide(sql, seed);
  const known = createKnown(seed, side.now);
  const count = 15 + known.random.int(26);
  const commands: Command[] = [];
  const seen: Step[] = [];
  for (let at = 0; at < count; at += 1) {
    // Most of what time brings about shows in the next sweep.
    const isLater = commands.at(-1)?.kind === "advance" && known.random.chance(0.4);
    const command = (opening[at] ?? (isLater ? sweepOnce : draw(known.random)))(known);
    const step = await side.step(command);
    learn(known, command, step);
    commands.push(command);
    seen.push(step);
  }
  return { script: { seed, commands }, run: { steps: seen, dumps: [await side.dump()] } };
};
