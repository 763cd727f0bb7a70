/** House rules that oxlint's own rules cannot express. Loaded as an oxlint JS plugin by `.oxlintrc.json`. */
import { basename, dirname, posix, relative, sep } from "node:path";

interface Node {
  readonly type: string;
  readonly body?: readonly Node[];
  readonly source?: (Node & { readonly value?: unknown }) | null;
  readonly importKind?: string;
  readonly exportKind?: string;
  readonly specifiers?: readonly Node[];
}
interface Context {
  readonly cwd: string;
  readonly filename: string;
  readonly sourceCode: { readonly lines: readonly string[]; getAllComments(): readonly { readonly value: string }[] };
  report(this: void, problem: { node: Node; message: string }): void;
}
type Visitor = Readonly<Record<string, (node: Node) => void>>;

interface Layer {
  /** Folders of src. */
  readonly folders?: readonly string[];
  /** Files of folders that are otherwise closed; one `*` stands for any part of a name. */
  readonly files?: readonly string[];
  /** Packages with their subpaths; `scope/*` for a whole scope; `node:*` for the built-in modules. */
  readonly packages?: readonly string[];
  /** Allowed with `import type` only: folders and packages. */
  readonly types?: readonly string[];
}

const ports = ["app/ports.ts", "app/*-port.ts", "app/ops-error.ts"];
const adapter: Layer = { folders: ["contract"], files: ports, types: ["core", "@cloudflare/workers-types"] };

/** What each folder of src may import besides itself. `null` = anything in src and any package. */
const layers: Readonly<Record<string, Layer | null>> = {
  contract: { packages: ["zod", "@cfworker/json-schema"] },
  core: { packages: ["@marcbachmann/cel-js"] },
  app: { folders: ["core", "contract"] },
  store: {
    folders: ["core"],
    files: [...ports, "contract/database-file.ts"],
    packages: ["drizzle-orm", "@libsql/client", "libsql"],
    types: ["@cloudflare/workers-types"],
  },
  queue: adapter,
  agentkit: {
    ...adapter,
    files: [...ports, "core/workflow/secret-marker.ts"],
    packages: ["undici", "standardwebhooks"],
  },
  telemetry: adapter,
  calendar: { ...adapter, packages: ["croner"] },
  oidc: { ...adapter, packages: ["jose"] },
  http: { folders: ["app", "contract"], packages: ["hono", "@hono/*", "zod", "js-yaml", "yaml"] },
  dashboard: { folders: ["sdk"], types: ["contract"] },
  sdk: { types: ["contract"] },
  cli: { folders: ["sdk"], packages: ["commander", "node:*"], types: ["contract"] },
  entry: null,
};

/** The only files that may be named index and export what others define. */
const packageEntries = new Set(["src/sdk/index.ts"]);
const emptyNames = /(?:^|[-._])(?:utils?|helpers?|managers?|services?|common)(?=$|[-._])/;
const maxLines = 300;
const maxLinesWithReason = 500;

/** The file's path from the project's root with forward slashes, or undefined outside src. */
function sourcePath(context: Context): string | undefined {
  const path = relative(context.cwd, context.filename).split(sep).join("/");
  return path.startsWith("src/") ? path : undefined;
}

function isTypeOnly(node: Node): boolean {
  if (node.type === "TSImportType" || node.importKind === "type" || node.exportKind === "type") return true;
  const named = node.specifiers ?? [];
  return named.length > 0 && named.every((one) => (one.importKind ?? one.exportKind) === "type");
}

function isFile(allowed: readonly string[], wanted: string): boolean {
  return allowed.some((one) => {
    const [start = "", end] = one.split("*");
    return end === undefined
      ? wanted === one
      : wanted.startsWith(start) && wanted.endsWith(end) && !wanted.slice(start.length).includes("/");
  });
}

function names(allowed: readonly string[], wanted: string): boolean {
  return allowed.some((one) =>
    one.endsWith("*") ? wanted.startsWith(one.slice(0, -1)) : wanted === one || wanted.startsWith(`${one}/`),
  );
}

/** Why the import is wrong, or undefined if it is fine. */
function faultOf(path: string, wanted: string, typeOnly: boolean): string | undefined {
  const [, folder = ""] = path.split("/");
  const layer = layers[folder];
  if (layer === undefined) return `src/${folder} has no row in the import table of scripts/lint-rules.ts`;
  const inProject = wanted.startsWith(".");
  const target = inProject ? posix.join(posix.dirname(path), wanted) : wanted;
  if (inProject && !target.startsWith("src/")) return `src never imports from outside src ("${wanted}")`;
  if (layer === null) return undefined;
  const inSource = target.slice("src/".length);
  const allowed = inProject
    ? names([folder, ...(layer.folders ?? [])], inSource) || isFile(layer.files ?? [], inSource)
    : names(layer.packages ?? [], target);
  if (allowed) return undefined;
  if (names(layer.types ?? [], inProject ? inSource : target)) {
    return typeOnly ? undefined : `src/${folder} may import "${wanted}" with \`import type\` only`;
  }
  const may = [folder, ...(layer.folders ?? []), ...(layer.files ?? []), ...(layer.packages ?? [])].join(", ");
  return `src/${folder} may not import "${wanted}" (only ${may})`;
}

function boundaries(context: Context): Visitor {
  const path = sourcePath(context);
  if (path === undefined) return {};
  const check = (node: Node): void => {
    const wanted = node.source?.value;
    if (typeof wanted !== "string") return;
    const message = faultOf(path, wanted, isTypeOnly(node));
    if (message !== undefined) context.report({ node, message });
  };
  return {
    ImportDeclaration: check,
    ImportExpression: check,
    ExportNamedDeclaration: check,
    ExportAllDeclaration: check,
    TSImportType: check,
  };
}

function noBarrel(context: Context): Visitor {
  const path = sourcePath(context);
  if (path === undefined || packageEntries.has(path)) return {};
  return {
    Program(node) {
      const body = node.body ?? [];
      const onlyForwards = body.length > 0 && body.every((one) => one.type.startsWith("Export") && one.source != null);
      if (basename(path).startsWith("index.") || onlyForwards) {
        context.report({ node, message: "no barrels: import from the file that defines the thing" });
      }
    },
    ExportAllDeclaration(node) {
      context.report({ node, message: "no barrels: `export *` hides what this file defines" });
    },
  };
}

function fileName(context: Context): Visitor {
  const path = sourcePath(context);
  if (path === undefined) return {};
  return {
    Program(node) {
      const empty = [...dirname(path).split("/"), basename(path)].find((part) => emptyNames.test(part));
      if (empty !== undefined) {
        context.report({ node, message: `"${empty}" says nothing: name the file after its one public idea` });
      }
    },
  };
}

function fileLength(context: Context): Visitor {
  if (sourcePath(context) === undefined) return {};
  return {
    Program(node) {
      const { lines } = context.sourceCode;
      const count = lines.at(-1) === "" ? lines.length - 1 : lines.length;
      const excused = context.sourceCode.getAllComments()[0]?.value.includes("Length:") ?? false;
      const limit = excused ? maxLinesWithReason : maxLines;
      if (count <= limit) return;
      const way = excused ? "never past 500" : "split it, or give the reason after `Length:` in its first comment";
      context.report({ node, message: `${count} lines, the limit is ${limit}: ${way}` });
    },
  };
}

export default {
  meta: { name: "house" },
  rules: {
    boundaries: { create: boundaries },
    "no-barrel": { create: noBarrel },
    "file-name": { create: fileName },
    "file-length": { create: fileLength },
  },
};
