/**
 * `npm run lock:complete`: gives each optional dependency that package-lock.json names but does not describe its entry.
 * npm leaves an entry out if a registry mirror lacks that platform's binary, and from then on `npm ci` refuses the
 * lock file, on every machine. Name, version, platform and licence follow from the parent; the checksum stays open.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

interface Entry {
  readonly version?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}
interface Lock {
  packages: Record<string, Entry>;
}

const systems = /(?:^|-)(aix|android|darwin|freebsd|linux|netbsd|openbsd|openharmony|sunos|win32|windows)(?:-|$)/;
const processors = /-(arm64|arm|ia32|loong64|mips64el|ppc64|riscv64|s390x|x64|64)(?:-|$)/;

function isDescribed(lock: Lock, parent: string, name: string): boolean {
  for (let place = parent; ; place = place.slice(0, Math.max(0, place.lastIndexOf("/node_modules/")))) {
    if (`${place}${place && "/"}node_modules/${name}` in lock.packages) return true;
    if (place === "") return false;
  }
}

function describe(parent: Entry, name: string, version: string): Entry {
  const [system, processor] = [systems.exec(name.slice(name.indexOf("/") + 1))?.[1], processors.exec(name)?.[1]];
  if (system === undefined || processor === undefined || !/^\d+\.\d+\.\d+[\w.-]*$/.test(version)) {
    throw new Error(`no entry can be derived for ${name}@${version}`);
  }
  const libc = system === "linux" ? (/-(gnu|musl)/.exec(name)?.[1] ?? "") : "";
  return {
    version,
    cpu: [processor === "64" ? "x64" : processor],
    ...(parent.dev === true && { dev: true }),
    ...(libc !== "" && { libc: [libc === "gnu" ? "glibc" : "musl"] }),
    ...(parent.license !== undefined && { license: parent.license }),
    optional: true,
    os: [system === "windows" ? "win32" : system],
  };
}

/** The entries that are missing, by their key in the lock file. */
export function missingEntries(lock: Lock): Record<string, Entry> {
  const missing: Record<string, Entry> = {};
  for (const [place, entry] of Object.entries(lock.packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      if (!isDescribed(lock, place, name)) missing[`node_modules/${name}`] = describe(entry, name, version);
    }
  }
  return missing;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const lock = JSON.parse(readFileSync("package-lock.json", "utf8")) as Lock;
  const missing = missingEntries(lock);
  const all = Object.entries({ ...lock.packages, ...missing });
  lock.packages = Object.fromEntries(all.sort(([a], [b]) => a.localeCompare(b, "en")));
  writeFileSync("package-lock.json", `${JSON.stringify(lock, null, 2)}\n`);
  console.log(`${Object.keys(missing).length} entries added`);
}
