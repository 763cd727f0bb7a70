import type { Cells } from "../rebuild-port.ts";
import type { Run } from "./findings.ts";

/** Agents that a text of the log or of a session's row names, whether or not it can be parsed: their ids need no escapes. */
const AGENT_NAMED = /"agentId"\s*:\s*"([^"\\]+)"/g;

/** Sessions that an agent's row names: by their own id, or by that of an attempt of theirs. */
const SESSION_NAMED = /(?:ses|tsk)_([0-9A-Z]{28})/g;

/** What may be an agent's id in a list of ids. */
const NO_ID = /[^A-Za-z0-9._~:-]+/;

/** Notes the agents that a session names whose log cannot be trusted. */
export const doubtAgentsIn = (run: Run, text: unknown): void => {
  for (const [, id] of String(text).matchAll(AGENT_NAMED)) run.doubtful.add(id ?? "");
};

/**
 * Whether it is not known what sessions did to an agent: a damaged session names it, in its log or its row, or the
 * agent's own row names one.
 */
export const isWorkDoubtful = (run: Run, id: string, row: Cells | null): boolean =>
  run.doubtful.has(id) ||
  [row?.["tasks"], row?.["settled"], row?.["r_attempt"]].some((text) =>
    [...String(text).matchAll(SESSION_NAMED)].some(([, body]) => run.damaged.has(`ses_${body}`)),
  );

/**
 * An older or newer id of the agent, at whatever remove, whose stream cannot be trusted or is missing; else `null`.
 * Aliases, queues and the id that replaced an agent come from all of them.
 */
export const doubtfulKin = (
  run: Run,
  fleet: ReadonlyMap<string, { readonly kin: ReadonlySet<string> }>,
  id: string,
  row: Cells | null,
): string | null => {
  const stored = `${row?.["superseded_by"] ?? ""} ${row?.["aliases"] ?? ""}`.split(NO_ID);
  // The row may be wrong: a name that nobody has proves nothing.
  const reached = new Set([id, ...stored.filter((one) => fleet.has(one) || run.damaged.has(`agent:${one}`))]);
  // Visits those that are added meanwhile, too.
  for (const one of reached) {
    const member = fleet.get(one);
    if (one !== id && (member === undefined || run.damaged.has(`agent:${one}`))) return one;
    for (const kin of member?.kin ?? []) reached.add(kin);
  }
  return null;
};
