/** What `--json=a,b.c` leaves of a document. */

type Members = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Members =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A page of a list: its rows are what fields are chosen of. */
const isPage = (value: unknown): value is { readonly data: readonly unknown[]; readonly nextCursor: string | null } =>
  isObject(value) && Array.isArray(value["data"]) && "nextCursor" in value;

const MISSING = Symbol("missing");

const at = (value: unknown, path: readonly string[]): unknown => {
  const [name, ...rest] = path;
  if (name === undefined) return value;
  if (Array.isArray(value)) return value.map((one) => at(one, path)).map((one) => (one === MISSING ? null : one));
  if (value === null) return null;
  return isObject(value) && Object.hasOwn(value, name) ? at(value[name], rest) : MISSING;
};

export interface Chosen {
  readonly document: unknown;
  /** Fields that no row has; they are `null`. */
  readonly unknown: readonly string[];
  /** The fields there are. */
  readonly known: readonly string[];
}

/** The document with these fields alone, each under the name it was asked by. No fields: all of it. */
export const chooseFields = (document: unknown, fields: readonly string[]): Chosen => {
  if (fields.length === 0) return { document, unknown: [], known: [] };
  const rows = isPage(document) ? document.data : [document];
  const seen = new Set<string>();
  const chosen = rows.map((row) =>
    Object.fromEntries(
      fields.map((field) => {
        const value = at(row, field.split("."));
        if (value !== MISSING) seen.add(field);
        return [field, value === MISSING ? null : value];
      }),
    ),
  );
  return {
    document: isPage(document) ? { ...document, data: chosen } : chosen[0],
    unknown: rows.length === 0 ? [] : fields.filter((field) => !seen.has(field)),
    known: [...new Set(rows.flatMap((row) => (isObject(row) ? Object.keys(row) : [])))],
  };
};
