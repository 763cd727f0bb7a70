import type { Clock, Log, LogLevel } from "../app/ports.ts";
import { formatRfc3339 } from "../contract/timestamp.ts";

export interface JsonLogOptions {
  /** Gets each line without a line break. What it throws is dropped: a log never breaks the work it tells of. */
  readonly write: (line: string) => void;
  readonly clock: Clock;
  /** Lines below it are dropped. */
  readonly level?: LogLevel;
}

const ranks: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

const MAX_DEPTH = 8;
const MAX_NODES = 2_000;
const MAX_TEXT = 8 * 1024;

// The second line of defence: callers do not log secrets. Numbers under such names (input_tokens) are no secrets.
const secretName = /authorization|cookie|secret|token|password|signature|credential|key$/i;

/** `time`, `level` and `message` come first and win over fields of the same name. */
export const createJsonLog = (options: JsonLogOptions): Log => {
  const threshold = ranks[options.level ?? "info"];
  return {
    log: (level, message, fields) => {
      if (ranks[level] < threshold) return;
      try {
        const head = { time: formatRfc3339(options.clock.now()), level, message: cut(message) };
        options.write(JSON.stringify({ ...head, ...(plain(fields ?? {}) as object), ...head }));
      } catch {
        // Nothing is left to tell it to.
      }
    },
  };
};

const cut = (text: string): string =>
  text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT)}... (${text.length} characters)`;

/** A copy that JSON.stringify can write whatever it is given: the port's types promise JSON, bugs do not. */
const plain = (root: unknown): unknown => {
  const open = new Set<object>();
  let nodes = 0;
  const copy = (value: unknown, depth: number): unknown => {
    nodes += 1;
    if (nodes > MAX_NODES) return "[cut]";
    if (typeof value === "string") return cut(value);
    if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
    if (typeof value === "boolean" || value === null) return value;
    if (typeof value === "bigint") return String(value);
    if (typeof value !== "object") return value === undefined ? undefined : `[${typeof value}]`;
    if (value instanceof Error) return cut(`${value.name}: ${value.message}`);
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? "[invalid date]" : value.toISOString();
    if (open.has(value)) return "[circular]";
    if (depth >= MAX_DEPTH) return "[cut]";
    open.add(value);
    const result = Array.isArray(value)
      ? value.slice(0, MAX_NODES).map((item) => copy(item, depth + 1))
      : copyRecord(value, depth);
    open.delete(value);
    return result;
  };
  const copyRecord = (record: object, depth: number): unknown => {
    const entries: [string, unknown][] = [];
    for (const key of Object.keys(record).slice(0, MAX_NODES)) entries.push([key, copyField(record, key, depth)]);
    return Object.fromEntries(entries);
  };
  const copyField = (record: object, key: string, depth: number): unknown => {
    let value: unknown;
    try {
      value = (record as Record<string, unknown>)[key];
    } catch {
      return "[unreadable]";
    }
    const harmless = value === null || value === undefined || typeof value === "number" || typeof value === "boolean";
    return secretName.test(key) && !harmless ? "[redacted]" : copy(value, depth + 1);
  };
  return copy(root, 0);
};
