import { registerHooks } from "node:module";
import { mutants, mutate } from "./mutants.ts";

/** Loaded before the simulator (`node --import`): puts the mutant named in the environment into its file. */
const mutant = mutants.find(({ name }) => name === process.env["OPSCORE_MUTANT"]);
if (mutant === undefined) throw new Error(`no mutant is named "${process.env["OPSCORE_MUTANT"] ?? ""}"`);
let applied = false;
registerHooks({
  load: (url, context, next) => {
    const loaded = next(url, context);
    if (!url.endsWith(`/${mutant.file}`)) return loaded;
    applied = true;
    return { ...loaded, source: mutate(mutant, String(loaded.source)) };
  },
});
process.on("exit", (code) => {
  if (!applied && code === 0) {
    process.stderr.write(`${mutant.file} was never loaded\n`);
    process.exitCode = 2;
  }
});
