import { isInt } from "./expression-operators.ts";
import { timeConversions, timeFunctions } from "./expression-time-functions.ts";
import { Failure, isList, kindOf, type ExpressionType, type Value, type Work } from "./expression-value.ts";
import { occurrencesIn } from "./text-search.ts";

/** One way to call a function; the receiver of a method is its first parameter. */
export interface Signature {
  readonly params: readonly ExpressionType[];
  readonly result: ExpressionType;
  readonly call: (args: readonly Value[], work: Work) => Value;
}

type Scalar = string | boolean | number;

const refuse = (message: string): never => {
  throw new Failure("expression_error", message);
};

const astral = /[\uD800-\uDFFF]/;

/** Characters of a text by code points, as CEL counts them. */
const pointsOf = (text: string): string | readonly string[] => (astral.test(text) ? Array.from(text) : text);

const whole = (value: Value): number =>
  Number.isSafeInteger(Number(value)) ? Number(value) : refuse(`${Number(value)} is no whole number.`);

const slice = (args: readonly Value[], work: Work): string => {
  const text = args[0] as string;
  work.chargeText(text);
  const points = pointsOf(text);
  const from = whole(args[1]!);
  const to = args[2] === undefined ? points.length : whole(args[2]);
  if (from < 0 || to > points.length || from > to) refuse(`a text of ${points.length} has no part ${from} to ${to}.`);
  const part = points.slice(from, to);
  return typeof part === "string" ? part : part.join("");
};

/** Place of the first (or last) occurrence by code points; -1 if there is none. */
const place =
  (which: 0 | -1) =>
  ([text, needle]: readonly Value[], work: Work): bigint => {
    const at = occurrencesIn(text as string, needle as string, work).at(which);
    return at === undefined ? -1n : BigInt(pointsOf((text as string).slice(0, at)).length);
  };

const split = ([text, separator]: readonly Value[], work: Work): readonly string[] => {
  const whole = text as string;
  const width = (separator as string).length;
  if (width === 0) return work.make(Array.from(whole), whole.length);
  const parts: string[] = [];
  let from = 0;
  for (const at of occurrencesIn(whole, separator as string, work)) {
    parts.push(whole.slice(from, at));
    from = at + width;
  }
  parts.push(whole.slice(from));
  return work.make(parts, parts.length);
};

const join = ([list, separator]: readonly Value[], work: Work): string => {
  const between = (separator ?? "") as string;
  let joined = "";
  for (const [at, item] of (list as readonly Value[]).entries()) {
    if (typeof item !== "string")
      return refuse(`\`join\` needs a list of strings; item ${at} is of the type ${kindOf(item)}.`);
    work.charge(1);
    work.chargeText(between, item);
    joined += at === 0 ? item : between + item;
  }
  return joined;
};

const replace = (args: readonly Value[], work: Work): string =>
  args[1] === "" ? refuse("`replace` needs a text to look for.") : join([split(args, work), args[2]!], work);

const size = ([value]: readonly Value[], work: Work): bigint => {
  if (typeof value === "string") {
    work.chargeText(value);
    return BigInt(pointsOf(value).length);
  }
  if (isList(value!)) return BigInt(value.length);
  const keys = Object.keys(value as object).length;
  work.chargeKeys(keys);
  return BigInt(keys);
};

const toInt = ([value]: readonly Value[]): bigint => {
  if (typeof value === "string" && !/^-?[0-9]{1,19}$/.test(value)) return refuse("the text is no int.");
  const int = BigInt(typeof value === "number" ? Math.trunc(value) : (value as bigint | string));
  return isInt(int) ? int : refuse("the number is too large for an int.");
};

const toDouble = ([value]: readonly Value[], work: Work): number => {
  if (typeof value !== "string") return Number(value);
  work.chargeText(value);
  const number = /^[+-]?[0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?$/.test(value) ? Number(value) : Number.NaN;
  return Number.isFinite(number) ? number : refuse("the text is no number.");
};

const toBool = ([value]: readonly Value[]): boolean => {
  if (value === true || value === "true") return true;
  return value === false || value === "false" ? false : refuse("the text is neither true nor false.");
};

const text = (change: (text: string) => string): Signature => ({
  params: ["string"],
  result: "string",
  call: ([value], work) => {
    work.chargeText(value as string);
    return change(value as string);
  },
});

const test = (holds: (text: string, part: string) => boolean): Signature => ({
  params: ["string", "string"],
  result: "bool",
  call: ([value, part], work) => {
    work.chargeText(part as string);
    return holds(value as string, part as string);
  },
});

const sizes: readonly Signature[] = (["string", "list", "map"] as const).map((of) => ({
  params: [of],
  result: "int",
  call: size,
}));

const conversion = (
  from: readonly ExpressionType[],
  result: ExpressionType,
  call: Signature["call"],
): readonly Signature[] => from.map((of) => ({ params: [of], result, call }));

/** Every function by name, every method by name after a point. Each bounds its work by charging for it beforehand. */
export const functions: ReadonlyMap<string, readonly Signature[]> = new Map<string, readonly Signature[]>([
  ["size", sizes],
  [".size", sizes],
  ["dyn", [{ params: ["any"], result: "any", call: ([value]) => value! }]],
  [
    "string",
    [
      ...conversion(["string", "bool", "int", "double"], "string", ([value]) => `${value as Scalar}`),
      ...timeConversions.string,
    ],
  ],
  ["int", [...conversion(["int", "double", "string"], "int", toInt), ...timeConversions.int]],
  ["double", conversion(["double", "int", "string"], "double", toDouble)],
  ["bool", conversion(["bool", "string"], "bool", toBool)],
  [".startsWith", [test((value, part) => value.startsWith(part))]],
  [".endsWith", [test((value, part) => value.endsWith(part))]],
  [
    ".contains",
    [
      {
        params: ["string", "string"],
        result: "bool",
        call: ([value, part], work) => occurrencesIn(value as string, part as string, work).length > 0,
      },
    ],
  ],
  [".indexOf", [{ params: ["string", "string"], result: "int", call: place(0) }]],
  [".lastIndexOf", [{ params: ["string", "string"], result: "int", call: place(-1) }]],
  [".lowerAscii", [text((value) => value.replace(/[A-Z]+/g, (upper) => upper.toLowerCase()))]],
  [".upperAscii", [text((value) => value.replace(/[a-z]+/g, (lower) => lower.toUpperCase()))]],
  [".trim", [text((value) => value.trim())]],
  [
    ".substring",
    [
      { params: ["string", "int"], result: "string", call: slice },
      { params: ["string", "int", "int"], result: "string", call: slice },
    ],
  ],
  [".split", [{ params: ["string", "string"], result: "list", call: split }]],
  [
    ".join",
    [
      { params: ["list"], result: "string", call: join },
      { params: ["list", "string"], result: "string", call: join },
    ],
  ],
  ...timeFunctions,
  [".replace", [{ params: ["string", "string", "string"], result: "string", call: replace }]],
]);

const isNumeric = (type: ExpressionType): boolean => type === "int" || type === "double";

/** Whether a call with arguments of these types may go by that signature; a double may turn out to be whole. */
export const accepts = ({ params }: Signature, types: readonly ExpressionType[]): boolean =>
  params.length === types.length &&
  params.every((param, at) => {
    const type = types[at]!;
    if (type === "secret") return false;
    return param === type || param === "any" || type === "any" || (isNumeric(param) && isNumeric(type));
  });
