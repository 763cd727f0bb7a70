import type { SignalReceived } from "./flow-events.ts";
import type { SessionState } from "./state.ts";

/** So many signals a session keeps that nobody has waited for yet. */
export const MAX_SIGNALS = 100;

/** So many Idempotency-Keys of old logs' signals are remembered, the newest. */
const MAX_KEYS = 16;

/** Log rows of the signals of a name that nobody has taken, the oldest first. Own members only. */
export const pendingSignals = (state: SessionState, name: string): readonly number[] =>
  state.signals !== undefined && Object.hasOwn(state.signals, name) ? state.signals[name]! : [];

/** A key whose answer is noted in the same row is remembered there; logs from before that have the key alone. */
const withKey = (state: SessionState, key: string | null): SessionState =>
  key === null || state.answered?.some((one) => one.signal === true && one.key === key) === true
    ? state
    : { ...state, signalKeys: [...(state.signalKeys ?? []), key].slice(-MAX_KEYS) };

export const withSignal = (state: SessionState, event: SignalReceived, seq: number): SessionState => ({
  ...withKey(state, event.key),
  signals: { ...state.signals, [event.name]: [...pendingSignals(state, event.name), seq] },
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
