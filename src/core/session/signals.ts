import type { SignalReceived } from "./flow-events.ts";
import type { SessionState } from "./state.ts";

/** So many signals a session keeps that nobody has waited for yet. */
export const MAX_SIGNALS = 100;

/** So many Idempotency-Keys of signals are remembered, the newest. */
const MAX_KEYS = 16;

/** Log rows of the signals of a name that nobody has taken, the oldest first. Own members only. */
export const pendingSignals = (state: SessionState, name: string): readonly number[] =>
  state.signals !== undefined && Object.hasOwn(state.signals, name) ? state.signals[name]! : [];

export const withSignal = (state: SessionState, event: SignalReceived, seq: number): SessionState => ({
  ...state,
  signals: { ...state.signals, [event.name]: [...pendingSignals(state, event.name), seq] },
  ...(event.key === null ? {} : { signalKeys: [...(state.signalKeys ?? []), event.key].slice(-MAX_KEYS) }),
});

/** The signal is taken: nobody else gets it. */
export const withoutSignal = (
  state: SessionState,
  { name, seq }: { readonly name: string; readonly seq: number },
): SessionState => {
  const { [name]: _, ...others } = state.signals ?? {};
  const left = pendingSignals(state, name).filter((at) => at !== seq);
  return { ...state, signals: left.length === 0 ? others : { ...others, [name]: left } };
};
