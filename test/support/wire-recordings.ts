import type { Recording } from "./recording.ts";

declare global {
  // Vite replaces the call; its own types come with a package that is not ours to import.
  interface ImportMeta {
    glob<T>(pattern: string, options: { eager: true; import: "default" }): Record<string, T>;
  }
}

const all = Object.values(import.meta.glob<Recording>("../fixtures/wire/*.json", { eager: true, import: "default" }));

/** Every recorded call that is addressed to Ops-Core, by name. Works where there is no file system. */
export const wireRecordings: ReadonlyMap<string, Recording> = new Map(
  all.filter((one) => one.request.headers["Host"]?.startsWith("opscore.")).map((one) => [one.name, one]),
);

export const wireRecording = (name: string): Recording => {
  const found = wireRecordings.get(name);
  if (found === undefined) throw new Error(`there is no recording ${name}`);
  return found;
};

/** The time at which a recorded call was made, as far as it says so itself (epoch ms). */
export const timeOf = ({ request }: Recording): number => {
  const signed = request.headers["X-AgentKit-Timestamp"];
  if (signed !== undefined) return Number(signed) * 1_000 + 250;
  const reported = /"timestamp":"([^"]*)"/.exec(request.body_raw)?.[1] ?? "";
  const time = Date.parse(/[Zz]$|[+-][0-9:]{5}$/.test(reported) ? reported : `${reported}Z`);
  return Number.isNaN(time) || time < RECORDED_AT ? RECORDED_AT : time + 250;
};

/** The recordings were made on this morning; a report that is older says so on purpose. */
const RECORDED_AT = Date.UTC(2026, 10, 22, 7, 50, 4);
