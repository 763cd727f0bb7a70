import type { answersByOperation } from "../contract/answers/by-operation.ts";

type Table = typeof answersByOperation;

/** Every operation there is, as `METHOD /path/{parameter}`. */
export type Operation = keyof Table;

/** zod is not named: what is published needs no zod. */
type BodyOf<S> = S extends { readonly _zod: { readonly output: infer Body } } ? Body : null;

type Values<T> = T[keyof T];

/** What an operation answers with success; `null` if that has no body. Never 304: no call here is conditional. */
export type AnswerOf<O extends Operation> = BodyOf<Values<Omit<Table[O]["answers"], 304>>>;

/** A value in a path. A `:` stays as it is, as it does in all other clients: ids of attempts have one. */
const escaped = (value: string): string => encodeURIComponent(value).replaceAll("%3A", ":");

/** The method and the path with its parameters filled in. A parameter that is missing or no id at all is a `TypeError`. */
export const requestLine = (
  operation: Operation,
  parameters: Readonly<Record<string, string>>,
): { readonly method: string; readonly path: string } => {
  const [method = "", template = ""] = operation.split(" ");
  const path = template.replaceAll(/\{([a-zA-Z]+)\}/g, (_, name: string) => {
    const value = parameters[name];
    // An empty one, or dots alone, would make it another path.
    if (typeof value !== "string" || /^\.{0,2}$/.test(value)) throw new TypeError(`${name} is no id`);
    return escaped(value);
  });
  return { method, path };
};

/** What a query may hold; `undefined` is left out. */
export type QueryValue = string | number | Date | readonly string[] | undefined;

/** A query with its `?`, or nothing. Lists are joined by commas, dates are RFC 3339. */
export const queryText = (query: object): string => {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query) as readonly [string, QueryValue][]) {
    if (value === undefined) continue;
    search.append(name, value instanceof Date ? value.toISOString() : String(value));
  }
  return search.size === 0 ? "" : `?${search.toString()}`;
};
