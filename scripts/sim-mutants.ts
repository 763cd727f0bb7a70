import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { countOf, optionsOf } from "./sim-options.ts";
import { mutants, type Mutant } from "../test/sim/mutants.ts";
import { verdictOf, type Ran, type Verdict } from "../test/sim/verdict.ts";

/** `npm run sim:mutants [-- --schedules N --seed S --only NAME]`: which schedule finds out each broken engine. */
const { values } = optionsOf({
  options: {
    schedules: { type: "string", default: "2000" },
    seed: { type: "string", default: "mutants" },
    only: { type: "string" },
    jobs: { type: "string", default: "2" },
  },
});

const here = fileURLToPath(new URL(".", import.meta.url));

/** Runs the simulator, with a mutant or without. */
const simulated = (mutant: Mutant | null, args: readonly string[]): Promise<Ran> =>
  new Promise((resolve) => {
    const hook = mutant === null ? [] : ["--import", `${here}../test/sim/mutate.ts`];
    const child = spawn(process.execPath, [...hook, `${here}sim.ts`, ...args, "--out", ""], {
      env: { ...process.env, OPSCORE_MUTANT: mutant?.name ?? "" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    child.stdout.on("data", (data: Buffer) => (output += String(data)));
    child.stderr.on("data", (data: Buffer) => (output += String(data)));
    child.on("close", (code) => resolve({ code, output }));
  });

const run = async (mutant: Mutant): Promise<Verdict> => {
  const range = ["--schedules", values.schedules, "--seed", values.seed, "--first"];
  return verdictOf(mutant, await simulated(mutant, range), (seed) => simulated(null, ["--seed", seed]));
};

const chosen = mutants.filter(({ name }) => values.only === undefined || name.includes(values.only));
if (chosen.length === 0) {
  process.stderr.write(`no mutant is named like "${values.only ?? ""}"\n`);
  process.exit(2);
}
const jobs = countOf("jobs", values.jobs);
countOf("schedules", values.schedules);
const verdicts: Verdict[] = [];
const queue = [...chosen];
const work = async (): Promise<void> => {
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const verdict = await run(next);
    verdicts.push(verdict);
    const { kind, seed, how } = verdict;
    const shown = { dead: `schedule ${seed?.slice(seed.lastIndexOf("-") + 1)}`, equivalent: kind, alive: "ALIVE" }[
      kind
    ];
    process.stdout.write(`${shown.padEnd(14)} ${next.name.padEnd(52)} ${how}\n`);
  }
};
await Promise.all(Array.from({ length: jobs }, work));
const countOfKind = (kind: Verdict["kind"]): number => verdicts.filter((one) => one.kind === kind).length;
const alive = countOfKind("alive");
process.stdout.write(`${verdicts.length} mutants, ${countOfKind("dead")} dead, ${alive} alive\n`);
process.exitCode = alive === 0 ? 0 : 1;
