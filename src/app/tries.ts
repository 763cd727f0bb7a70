import type { SessionCommand } from "../core/session/commands.ts";
import type { Needs } from "../core/session/needs.ts";
import { randomHex, type Deps } from "./deps.ts";
import { OpsError } from "./ops-error.ts";

/** A stale writer loads and decides again this often; then the caller is told to come back. */
export const MAX_TRIES = 7;

/** A command without its time, seed and limits, which every try gets anew. */
export type Wish<C extends SessionCommand = SessionCommand> = C extends SessionCommand
  ? Omit<C, "now" | "seed" | "callLimits">
  : never;

export const withClock = ({ clock, entropy, callLimits }: Deps, wish: Wish): SessionCommand =>
  ({
    ...wish,
    now: clock.now(),
    seed: randomHex(entropy, 16),
    ...(callLimits === undefined ? {} : { callLimits: { ...callLimits } }),
  }) as SessionCommand;

const REST_MS = 25;

/** Before the next try: any time up to 50 ms after the first, doubled with each further, so that rivals spread. */
export const restBefore = async ({ rest, entropy }: Deps, tries: number): Promise<void> => {
  if (rest === undefined || tries >= MAX_TRIES) return;
  const [drawn = 0] = entropy.bytes(1);
  await rest(Math.ceil(((drawn + 1) / 256) * REST_MS * 2 ** tries));
};

/**
 * Loads what a decision needs; again if it changed after it was known what to ask for. Throws 503 after as many times as a
 * stale writer has.
 */
export const loadWhole = async <L extends { readonly needs: Needs; readonly isWhole: boolean }>(
  needs: Needs | null,
  load: (needs: Needs | null) => Promise<L>,
): Promise<L> => {
  let asked = needs;
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const loaded = await load(asked);
    if (loaded.isWhole) return loaded;
    asked = loaded.needs;
  }
  throw contention();
};

export const contention = (): OpsError =>
  new OpsError("contention", "Too many changes at the same moment; the request may be repeated.");
