import type { SessionCommand } from "../core/session/commands.ts";
import { randomHex, type Deps } from "./deps.ts";
import { OpsError } from "./ops-error.ts";

/** A stale writer loads and decides again this often; then the caller is told to come back. */
export const MAX_TRIES = 7;

/** A command without its time and seed, which every try gets anew. */
export type Wish<C extends SessionCommand = SessionCommand> = C extends SessionCommand
  ? Omit<C, "now" | "seed">
  : never;

export const withClock = (deps: Deps, wish: Wish): SessionCommand =>
  ({ ...wish, now: deps.clock.now(), seed: randomHex(deps.entropy, 16) }) as SessionCommand;

export const contention = (): OpsError =>
  new OpsError("contention", "Too many changes at the same moment; the request may be repeated.");
