/**
 * The times of an agent's reports, as AgentKit's SDK writes them: microseconds and `+00:00`. Each is later than the one
 * before, also within a millisecond or after the clock was put back: the order of reports is the order of these.
 */
export const reportTimes = (now: () => number): (() => string) => {
  let last = 0;
  return () => {
    last = Math.max(last + 1, Math.floor(now() * 1_000));
    const seconds = new Date(Math.floor(last / 1_000)).toISOString().slice(0, -1);
    return `${seconds}${String(last % 1_000).padStart(3, "0")}+00:00`;
  };
};
