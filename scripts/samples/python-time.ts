let lastMicros = 0;

/** Now as Python writes it, in microseconds and without an offset; never the same twice. */
export const pythonTime = (): string => {
  lastMicros = Math.max(lastMicros + 1, Math.round((performance.timeOrigin + performance.now()) * 1000));
  const millis = Math.floor(lastMicros / 1000);
  return `${new Date(millis).toISOString().slice(0, -1)}${String(lastMicros % 1000).padStart(3, "0")}`;
};
