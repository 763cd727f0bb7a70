import type { Random } from "../sim/random.ts";

/**
 * Values in which databases, drivers and platforms like to differ. A request body is JSON text, and JSON has more
 * spellings than JavaScript has values: `raw` puts one into a value that `toJson` writes.
 */
export type Value = unknown;

const RAW = "@@raw:";

/** A number exactly as it is written here. */
export const raw = (text: string): Value => `${RAW}${text}`;

/** JSON text; whatever `raw` holds stands in it to the letter. */
export const toJson = (value: Value): string => JSON.stringify(value).replace(/"@@raw:([^"]*)"/g, "$1");

export const numbers: readonly Value[] = [
  ...["0", "-0", "1", "1.0", "1E0", "0.1", "-1.5", "1e21", "1e-7", "123456789012345.678", "5e-324"],
  ...[
    "1.7976931348623157e308",
    "9007199254740991",
    "-9007199254740991",
    "4294967296",
    "2147483648",
    "0.30000000000000004",
  ],
].map(raw);

export const texts: readonly string[] = [
  "",
  " ",
  "a",
  "A",
  "é",
  "e\u0301",
  "ß",
  "SS",
  "İstanbul",
  "ﬀ",
  "🤖",
  "👩‍👩‍👧‍👦 family",
  "\u{10FFFF}",
  "\uFFFF",
  "\u2028line\u2029",
  "tab\tline\nreturn\rbell\u0007del\u007f",
  "O'Brien",
  'say "hi"',
  "back\\slash",
  "`tick`",
  "100%",
  "_",
  "a%b_c*?[x]",
  "'; DROP TABLE agents; --",
  "null",
  "true",
  "1",
  "1.0",
  "01",
  "1e3",
  "0x1F",
  "-0",
  "9007199254740993",
  "12345678901234567890",
  "${input}",
  "$.a[0]",
  "{}",
  '{"a":1}',
  "[]",
  "2026-11-22",
  "NaN",
  "ЖЖ عربى 漢字",
  "x".repeat(256),
];

/** Long ones, which cost time and are drawn seldom: across pages and buffers of a database. */
export const longTexts: readonly string[] = [
  "y".repeat(4_097),
  "🤖".repeat(2_048),
  `${"z".repeat(20_000)}'"\\`,
  '"'.repeat(3_000),
  "é".repeat(16_000),
];

const keys: readonly string[] = [
  "a", "A", "b", "", " ", "a.b", "$", "[0]", "#", '"', "'", "\\", "é", "🤖", "constructor", "toString", "10", "9", "1",
  "task_id", "result", "x-own", "${input}",
]; // prettier-ignore

export const text = (random: Random): string => random.pick(random.chance(0.04) ? longTexts : texts);

/** Any JSON value; `depth` levels at most. */
export const json = (random: Random, depth = 3): Value => {
  const kind = random.int(depth > 0 ? 9 : 6);
  if (kind < 2) return random.pick(numbers);
  if (kind < 4) return text(random);
  if (kind < 6) return random.pick([null, true, false, raw("0"), ""]);
  if (kind === 6) return Array.from({ length: random.int(4) }, () => json(random, depth - 1));
  return jsonObject(random, depth - 1);
};

export const jsonObject = (random: Random, depth = 3): Record<string, Value> =>
  Object.fromEntries(Array.from({ length: random.int(5) }, () => [random.pick(keys), json(random, depth)]));

const nested = (depth: number): string => `${"[".repeat(depth)}1${"]".repeat(depth)}`;

/** Big or deep values at the edge of what is allowed. */
export const edges: readonly Value[] = [
  raw(nested(28)),
  raw(`[${"[],".repeat(2_000)}{}]`),
  Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`k${n}`, n])),
  raw(`[${Array.from({ length: 500 }, (_, n) => `${n}.${n}e-${n % 20}`).join(",")}]`),
];

/** What the strict parser refuses: it must not reach a database. The body is an object. */
const spoilers: readonly ((body: string) => string)[] = [
  (body) => body.slice(0, -1),
  (body) => body.replace("{", '{"x-n":9007199254740993,'),
  (body) => body.replace("{", '{"x-n":"\\u0000",'),
  (body) => body.replace("{", '{"x-n":"\\ud83e",'),
  (body) => body.replace("{", '{"x-n":1,"x-n":2,'),
  (body) => body.replace("{", '{"__proto__":{},'),
  (body) => body.replace("{", '{"x-n":1e400,'),
  (body) => `\uFEFF${body}`,
];

export const spoilt = (random: Random, body: string): string => random.pick(spoilers)(body);

/** `count` different ones. */
export const sample = <T>(random: Random, from: readonly T[], count: number): readonly T[] => {
  const left = [...from];
  return Array.from({ length: Math.min(count, left.length) }, () => left.splice(random.int(left.length), 1)[0] as T);
};
