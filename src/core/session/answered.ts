import type { ControlKey } from "./commands.ts";
import type { ControlAnswered } from "./flow-events.ts";
import type { AnsweredKey, SessionState } from "./state.ts";

/** So many Idempotency-Keys are remembered, the newest: of signals, and as many of a person's other words. */
const MAX_KEYS = 16;

const isAlike = (one: AnsweredKey, other: AnsweredKey): boolean => one.signal === other.signal;

export const withAnswer = (state: SessionState, { type: _, ...answer }: ControlAnswered): SessionState => {
  const all = [...(state.answered ?? []), answer];
  const [tooOld] = all.filter((one) => isAlike(one, answer)).slice(0, -MAX_KEYS);
  return { ...state, answered: all.filter((one) => one !== tooOld) };
};

/** What was answered under this key before; `undefined`: nothing, or it was too long ago. */
export const answeredBefore = ({ answered }: SessionState, key: ControlKey | undefined): AnsweredKey | undefined =>
  key === undefined ? undefined : answered?.find((one) => one.key === key.key);
