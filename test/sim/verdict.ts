import type { Mutant } from "./mutants.ts";

/** How a simulator process ended, and all that it printed. */
export interface Ran {
  readonly code: number | null;
  readonly output: string;
}

/** What became of a mutant. Only one that is known to be equivalent may live, and only if the simulator ran to its end. */
export interface Verdict {
  readonly kind: "dead" | "equivalent" | "alive";
  /** The schedule that found it out. */
  readonly seed: string | null;
  readonly how: string;
}

/** What one run says: 0, nothing was found; 1, and this schedule found something; anything else, it did not run. */
const findingOf = ({ code, output }: Ran): { readonly seed: string; readonly how: string } | "nothing" | "broke" => {
  if (code === 0) return "nothing";
  const found = code === 1 ? /seed (\S+-\d+)\n.*\n\s+(\S+): (.*)/.exec(output) : null;
  if (found === null) return "broke";
  const [, seed = "", promise = "", message = ""] = found;
  return { seed, how: `${promise}: ${message.slice(0, 80)}` };
};

const broke = ({ code, output }: Ran): Verdict => ({
  kind: "alive",
  seed: null,
  how: `the run broke (${code ?? "a signal"}): ${output.trim().slice(-200)}`,
});

/** Judges a run with the mutant; `again` runs one schedule without it. */
export const verdictOf = async (
  mutant: Pick<Mutant, "equivalent">,
  ran: Ran,
  again: (seed: string) => Promise<Ran>,
): Promise<Verdict> => {
  const finding = findingOf(ran);
  if (finding === "broke") return broke(ran);
  if (finding === "nothing") {
    if (mutant.equivalent === undefined) return { kind: "alive", seed: null, how: "survived" };
    return { kind: "equivalent", seed: null, how: `(${mutant.equivalent})` };
  }
  // What the engine fails without the mutant says nothing of the mutant.
  const without = await again(finding.seed);
  const sound = findingOf(without);
  if (sound === "broke") return broke(without);
  if (sound !== "nothing") return { kind: "alive", seed: null, how: `${finding.seed} fails without the mutant too` };
  return { kind: "dead", ...finding };
};
