import { agentSteps } from "./bench/agent-steps.ts";
import { table } from "./bench/figures.ts";
import { machine, readOptions, usage, type Options } from "./bench/options.ts";
import { stateReports } from "./bench/state-reports.ts";

/**
 * `npm run bench`: the real server under load, with figures of speed, memory and what a step costs; and the engine over
 * a session of 10,000 tasks and a map of 1,000 items. Times depend on the machine and are compared within one run only;
 * rows and round trips do not.
 */
const main = async (options: Options): Promise<readonly string[]> => {
  const summary: Record<string, unknown> = { machine };
  const show = (name: string, figures: object): void => {
    summary[name] = figures;
    if (!options.json) process.stdout.write(`${table(name, { ...figures })}\n\n`);
  };
  const faults: string[] = [];
  const expectTrue = (holds: boolean, otherwise: string): void => {
    if (!holds) faults.push(otherwise);
  };
  if (options.benches.includes("state-reports")) {
    const figures = await stateReports(options);
    expectTrue(figures.accepted === figures.reports, "Some reports were refused.");
    show("state-reports", figures);
  }
  for (const variant of options.benches.includes("agent-steps") ? options.variants : []) {
    const figures = await agentSteps(options, variant);
    const isSound = figures.completed === figures.sessions && figures.refused === 0;
    expectTrue(isSound, "Some reports were refused or some sessions did not complete.");
    // Loaded last: the simulator is large, and the load must not wait for it.
    const { stepCosts } = await import("./bench/costs.ts");
    show(`agent-steps/${variant}`, { ...figures, ...(await stepCosts(variant)) });
  }
  if (options.benches.includes("long-session")) {
    const { longSession, MAX_RATIO } = await import("./bench/long-sessions.ts");
    const figures = await longSession();
    show("long-session", figures);
    const isFlat = !options.judges || figures.ratio <= MAX_RATIO;
    expectTrue(isFlat, `FAIL: step 10,000 takes ${figures.ratio} times as long as step 10; ${MAX_RATIO} at most.`);
  }
  if (options.benches.includes("long-map")) {
    const { longMap } = await import("./bench/long-sessions.ts");
    show("long-map", await longMap(options.items));
  }
  if (options.json) process.stdout.write(`${JSON.stringify(summary)}\n`);
  return faults;
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
else {
  const faults = await main(options);
  for (const fault of faults) process.stderr.write(`${fault}\n`);
  if (faults.length > 0) process.exitCode = 1;
}
