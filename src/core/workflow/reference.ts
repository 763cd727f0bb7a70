import { quoted } from "./pointer.ts";

/** What `${…}` reads: the session's input or the output of a task, and the way into it. */
export interface Reference {
  readonly source: { readonly kind: "input" } | { readonly kind: "output"; readonly taskId: string };
  /** Member names and array indexes; `.0` is a number too. */
  readonly path: readonly (string | number)[];
  /** As the author wrote it, for messages. */
  readonly text: string;
}

/** A reference, or why the text between the braces is none. */
export type ParsedReference =
  | { readonly ok: true; readonly reference: Reference }
  | {
      readonly ok: false;
      readonly code: "malformed_reference" | "unknown_reference" | "not_supported";
      readonly message: string;
    };

const step =
  /\.(?:(?<name>[A-Za-z_][A-Za-z0-9_]*)|(?<dot>0|[1-9][0-9]{0,8}))(?![A-Za-z0-9_])|\[(?:(?<index>0|[1-9][0-9]{0,8})|"(?<double>(?:[^"\\]|\\["'\\])*)"|'(?<single>(?:[^'\\]|\\["'\\])*)')\]/y;

/** The steps of `a.b[0]["c d"]`, or null if the text is anything but a plain path. */
const parsePath = (text: string): readonly (string | number)[] | null => {
  const root = /^[A-Za-z_][A-Za-z0-9_]*/.exec(text)?.[0];
  if (root === undefined) return null;
  const path: (string | number)[] = [root];
  step.lastIndex = root.length;
  while (step.lastIndex < text.length) {
    const groups = step.exec(text)?.groups;
    if (groups === undefined) return null;
    const { name, dot, index, double, single } = groups;
    const number = dot ?? index;
    path.push(number === undefined ? (name ?? (double ?? single)!.replace(/\\(.)/g, "$1")) : Number(number));
  }
  return path;
};

const later = new Set(["session", "agent", "item", "index"]);
const laterOfTask = new Set(["status", "attempts", "error"]);

const refused = (
  code: "malformed_reference" | "unknown_reference" | "not_supported",
  message: string,
): ParsedReference => ({ ok: false, code, message });

/** Reads the text between `${` and `}`. Total, and linear in the text. */
export const parseReference = (between: string): ParsedReference => {
  const text = between.trim();
  const shown = `\${${quoted(text)}}`;
  const path = parsePath(text);
  if (path === null) {
    if (text === "" || /^\.|\.$|\[$|\.\./.test(text)) {
      return refused("malformed_reference", `${shown} is not readable; write for example \${input.topic}.`);
    }
    return refused(
      "not_supported",
      `${shown} is an expression, which is not supported yet; only paths are, such as \${input.topic} or \${tasks["step-1"].output}.`,
    );
  }
  const [root, task, member, ...rest] = path;
  if (root === "input") return { ok: true, reference: { source: { kind: "input" }, path: path.slice(1), text } };
  if (later.has(String(root))) return refused("not_supported", `${shown}: \`${root}\` is not supported yet.`);
  if (root !== "tasks") {
    return refused("unknown_reference", `${shown} must begin with \`input\` or \`tasks\`.`);
  }
  if (task === undefined || (member !== "output" && !laterOfTask.has(String(member)))) {
    return refused("unknown_reference", `${shown} must name a task and its output: \${tasks.<taskId>.output}.`);
  }
  if (member !== "output") return refused("not_supported", `${shown}: a task's \`${member}\` is not supported yet.`);
  return { ok: true, reference: { source: { kind: "output", taskId: String(task) }, path: rest, text } };
};
