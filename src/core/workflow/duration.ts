const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** The longest duration a definition may name: 365 days. */
export const maxDurationMs = 365 * unitMs.d;

/** Milliseconds of `<integer><ms|s|m|h|d>`; null if the text is anything else or longer than 365 days. */
export const parseDuration = (text: string): number | null => {
  const match = /^([0-9]{1,11})(ms|s|m|h|d)$/.exec(text);
  if (match === null) return null;
  const value = Number(match[1]) * unitMs[match[2] as keyof typeof unitMs];
  return value <= maxDurationMs ? value : null;
};
