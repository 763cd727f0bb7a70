import { agentSteps } from "./bench/agent-steps.ts";
import { table } from "./bench/figures.ts";
import { machine, readOptions, usage, type Options } from "./bench/options.ts";
import { stateReports } from "./bench/state-reports.ts";

/**
 * `npm run bench`: the real server under load, with figures of speed, memory and what a step costs. Times depend on
 * the machine and are compared within one run only; rows and round trips do not.
 */
const main = async (options: Options): Promise<boolean> => {
  const summary: Record<string, unknown> = { machine };
  const show = (name: string, figures: object): void => {
    summary[name] = figures;
    if (!options.json) process.stdout.write(`${table(name, { ...figures })}\n\n`);
  };
  let sound = true;
  if (options.benches.includes("state-reports")) {
    const figures = await stateReports(options);
    sound &&= figures.accepted === figures.reports;
    show("state-reports", figures);
  }
  for (const variant of options.benches.includes("agent-steps") ? options.variants : []) {
    const figures = await agentSteps(options, variant);
    sound &&= figures.completed === figures.sessions && figures.refused === 0;
    // Loaded last: the simulator is large, and the load must not wait for it.
    const { stepCosts } = await import("./bench/costs.ts");
    show(`agent-steps/${variant}`, { ...figures, ...(await stepCosts(variant)) });
  }
  if (options.json) process.stdout.write(`${JSON.stringify(summary)}\n`);
  return sound;
};

let options: Options | null;
try {
  options = readOptions(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof TypeError)) throw error;
  process.stderr.write(`${error.message}\n\n${usage}\n`);
  process.exit(2);
}
if (options === null) process.stdout.write(`${usage}\n`);
else if (!(await main(options))) {
  process.stderr.write("Some reports were refused or some sessions did not complete.\n");
  process.exitCode = 1;
}
