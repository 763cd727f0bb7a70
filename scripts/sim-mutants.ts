import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { mutants, type Mutant } from "../test/sim/mutants.ts";

/** `npm run sim:mutants [-- --schedules N --seed S --only NAME]`: which schedule finds out each broken engine. */
const { values } = parseArgs({
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

const run = (mutant: Mutant): Promise<Fate> =>
  new Promise((resolve) => {
    const args = ["--import", `${here}../test/sim/mutate.ts`, `${here}sim.ts`, "--schedules", values.schedules];
    const child = spawn(process.execPath, [...args, "--seed", values.seed, "--first", "--out", ""], {
      env: { ...process.env, OPSCORE_MUTANT: mutant.name },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    child.stdout.on("data", (data: Buffer) => (output += String(data)));
    child.stderr.on("data", (data: Buffer) => (output += String(data)));
    child.on("close", (code) => {
      const found = /seed \S+-(\d+)\n.*\n\s+(\S+): (.*)/.exec(output);
      if (found)
        return resolve({ mutant, schedule: Number(found[1]), how: `${found[2]}: ${(found[3] ?? "").slice(0, 80)}` });
      resolve({ mutant, schedule: null, how: code === 0 ? "survived" : `the run broke: ${output.trim().slice(-200)}` });
    });
  });

const chosen = mutants.filter(({ name }) => values.only === undefined || name.includes(values.only));
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
await Promise.all(Array.from({ length: Number(values.jobs) }, work));
const alive = fates.filter(({ schedule, mutant }) => schedule === null && mutant.equivalent === undefined);
process.stdout.write(
  `${fates.length} mutants, ${fates.length - alive.length - fates.filter(({ schedule, mutant }) => schedule === null && mutant.equivalent !== undefined).length} dead, ${alive.length} alive\n`,
);
process.exitCode = alive.length === 0 ? 0 : 1;
