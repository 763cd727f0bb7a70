import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { countOf, optionsOf } from "./sim-options.ts";
import { mutants, type Mutant } from "../test/sim/mutants.ts";

/** `npm run sim:mutants [-- --schedules N --seed S --only NAME]`: which schedule finds out each broken engine. */
const { values } = optionsOf({
  options: {
    schedules: { type: "string", default: "2000" },
    seed: { type: "string", default: "mutants" },
    only: { type: "string" },
    jobs: { type: "string", default: "2" },
  },
});

interface Fate {
  readonly mutant: Mutant;
  readonly schedule: number | null;
  readonly how: string;
}

const here = fileURLToPath(new URL(".", import.meta.url));

/** Runs the simulator, with a mutant or without. */
const simulated = (
  mutant: Mutant | null,
  args: readonly string[],
): Promise<{ readonly code: number | null; readonly output: string }> =>
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

const run = async (mutant: Mutant): Promise<Fate> => {
  const range = ["--schedules", values.schedules, "--seed", values.seed, "--first"];
  const { code, output } = await simulated(mutant, range);
  const found = /seed (\S+-(\d+))\n.*\n\s+(\S+): (.*)/.exec(output);
  if (found === null) {
    return { mutant, schedule: null, how: code === 0 ? "survived" : `the run broke: ${output.trim().slice(-200)}` };
  }
  const [, seed = "", schedule, promise, message = ""] = found;
  // What the engine fails without the mutant says nothing of the mutant.
  const without = await simulated(null, ["--seed", seed]);
  if (without.code !== 0) return { mutant, schedule: null, how: `${seed} fails without the mutant too` };
  return { mutant, schedule: Number(schedule), how: `${promise}: ${message.slice(0, 80)}` };
};

const chosen = mutants.filter(({ name }) => values.only === undefined || name.includes(values.only));
if (chosen.length === 0) {
  process.stderr.write(`no mutant is named like "${values.only ?? ""}"\n`);
  process.exit(2);
}
const jobs = countOf("jobs", values.jobs);
countOf("schedules", values.schedules);
const fates: Fate[] = [];
const queue = [...chosen];
const work = async (): Promise<void> => {
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const fate = await run(next);
    fates.push(fate);
    const verdict =
      fate.schedule === null ? (next.equivalent === undefined ? "ALIVE" : "equivalent") : `schedule ${fate.schedule}`;
    process.stdout.write(
      `${verdict.padEnd(14)} ${next.name.padEnd(52)} ${next.equivalent === undefined ? fate.how : `(${next.equivalent})`}\n`,
    );
  }
};
await Promise.all(Array.from({ length: jobs }, work));
const alive = fates.filter(({ schedule, mutant }) => schedule === null && mutant.equivalent === undefined);
process.stdout.write(
  `${fates.length} mutants, ${fates.length - alive.length - fates.filter(({ schedule, mutant }) => schedule === null && mutant.equivalent !== undefined).length} dead, ${alive.length} alive\n`,
);
process.exitCode = alive.length === 0 ? 0 : 1;
