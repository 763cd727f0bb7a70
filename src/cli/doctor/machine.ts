import type { Inspection } from "../local.ts";
import { fault, ok, type Finding } from "./finding.ts";

/** What the dependencies need. */
const OLDEST_NODE = [20, 19] as const;

const checkNode = (version: string): Finding => {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const isOld = major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1]);
  return isOld
    ? fault("node", `Node ${version} is too old`, `Install Node ${OLDEST_NODE.join(".")} or newer; 24 is best.`)
    : ok("node", `Node ${version}`);
};

const checkDatabase = ({ database }: Inspection, minFreeMb: number): readonly Finding[] => {
  if (database === null) return [];
  const { file, fileFault, isThere, readOnly, folder, folderWritable, freeMb, pending, unknown, unreadable } = database;
  if (!folderWritable) {
    return [
      fault("database-folder", `${folder} cannot be written to`, `Give this user the right to, or see DATABASE_URL.`),
    ];
  }
  const space =
    freeMb !== null && freeMb < minFreeMb
      ? [fault("disk", `${freeMb} MB are free where ${file} is`, `Make room: less than ${minFreeMb} MB is too little.`)]
      : [];
  if (!isThere) return [...space, ok("database", `${file} will be made at the first start`)];
  if (fileFault !== null) {
    return [...space, fault("database-format", `${file}: ${fileFault}`, "See DATABASE_URL, or restore a copy.")];
  }
  if (readOnly) return [...space, fault("database-read-only", `${file} is read-only`, `chmod u+w ${file}`)];
  if (unreadable !== null) {
    return [...space, fault("database-format", `${file} cannot be read: ${unreadable}`, "Restore a copy.")];
  }
  if (unknown > 0) {
    const message = `${file} was written by a newer release: ${unknown} migrations are unknown here`;
    return [...space, fault("migrations-newer", message, "Use that release, or restore a copy made before.")];
  }
  if (pending.length > 0) {
    return [
      ...space,
      fault("migrations", `${file} lacks ${pending.join(", ")}`, "opscore migrate, or start the server."),
    ];
  }
  return [...space, ok("database", `${file} is of this release`)];
};

/** What a server on this machine would find. `answers`: something answers at the URL. `works`: it is Ops-Core. */
export const checkMachine = async (
  seen: Inspection,
  { works, minFreeMb }: { readonly works: boolean; readonly minFreeMb: number },
): Promise<readonly Finding[]> => {
  const findings: Finding[] = [
    checkNode(seen.nodeVersion),
    ...seen.problems.map((problem) =>
      fault("configuration", problem, "Set it right in the server's environment: it does not start with it."),
    ),
    ...checkDatabase(seen, minFreeMb),
  ];
  if (works) return findings;
  const holder = await seen.lockHolder();
  if (holder !== null) {
    findings.push(
      fault("database-locked", holder, "Stop that process, or ask it: --url. A database file has one writer."),
    );
  }
  if (await seen.portTaken()) {
    findings.push(
      fault(
        "port",
        `port ${seen.port} is taken by another program`,
        `Stop it, or choose another: PORT=${seen.port + 1}.`,
      ),
    );
  }
  return findings;
};

/** AgentKit where this machine's configuration says it is. `null`: it names none. */
export const checkAgentKit = async (
  { agentKit }: Inspection,
  fetch: typeof globalThis.fetch,
): Promise<Finding | null> => {
  if (agentKit === null) return null;
  const { origin } = new URL(agentKit);
  try {
    const response = await fetch(`${origin}/`, { redirect: "manual", signal: AbortSignal.timeout(3_000) });
    await response.text();
    return ok("agentkit", `${origin} answers`);
  } catch {
    return fault(
      "agentkit-unreachable",
      `nothing answers at ${origin}, where AGENTKIT_API_URL says that AgentKit is`,
      "Start AgentKit, or see AGENTKIT_API_URL.",
    );
  }
};
