/** What a reported state means to the engine. The text itself is stored and echoed as sent. */
export type Meaning = "free" | "working" | "trouble" | "other";

const meanings: ReadonlyMap<string, Meaning> = new Map([
  ...["idle", "finished", "completed", "ready"].map((text) => [text, "free"] as const),
  ...["active", "busy", "working", "running", "processing"].map((text) => [text, "working"] as const),
  ...["error", "failed"].map((text) => [text, "trouble"] as const),
]);

/** The meaning of a state text, compared without case; an unknown text means "not available". */
export const meaningOf = (state: string): Meaning => meanings.get(state.trim().toLowerCase()) ?? "other";
