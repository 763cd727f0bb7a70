/** Milliseconds below which half, and 99 of 100, of the measured times lie. */
export interface Spread {
  readonly p50: number;
  readonly p99: number;
}

const rounded = (value: number, digits: number): number => Number(value.toFixed(digits));

/** `NaN` without a single time: a figure that was not measured must not look like a good one. */
export const spreadOf = (times: readonly number[]): Spread => {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    rounded(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN, 2);
  return { p50: at(0.5), p99: at(0.99) };
};

export const figure = (value: number, digits = 1): number => rounded(value, digits);

/** Lines of a report: names to the left, values to the right. `null` is "n/a". */
export const table = (title: string, figures: Readonly<Record<string, unknown>>): string => {
  const lines = Object.entries(figures).map(([name, value]) => `  ${name.padEnd(24)} ${shown(value)}`);
  return [title, ...lines].join("\n");
};

const shown = (value: unknown): string => {
  if (value === null) return "n/a";
  if (typeof value !== "object") return String(value);
  return Object.entries(value)
    .map(([name, part]) => `${name} ${String(part)}`)
    .join("   ");
};
