import type { ControlKey } from "./commands.ts";
import type { ControlAnswered } from "./flow-events.ts";
import type { AnsweredKey, SessionState } from "./state.ts";

/** So many Idempotency-Keys of a person's words are remembered, the newest. */
const MAX_KEYS = 16;

export const withAnswer = (state: SessionState, { key, request, status }: ControlAnswered): SessionState => ({
  ...state,
  answered: [...(state.answered ?? []), { key, request, status }].slice(-MAX_KEYS),
});

/** What was answered under this key before; `undefined`: nothing, or it was too long ago. */
export const answeredBefore = ({ answered }: SessionState, key: ControlKey | undefined): AnsweredKey | undefined =>
  key === undefined ? undefined : answered?.find((one) => one.key === key.key);
