import { SESSION_EVENTS } from "../../src/core/session/events.ts";
import type { AgentEvent } from "../../src/core/agent/events.ts";
import type { Command, Dump, Run, Script } from "./command.ts";

const AGENT_EVENTS = Object.keys({
  AgentAdopted: true,
  AgentDeregistered: true,
  AgentRegistered: true,
  AgentSuperseded: true,
} satisfies Record<AgentEvent["type"], true>);

const REFUSALS = [400, 401, 403, 404, 405, 409, 415, 422] as const;
const ENGINE: readonly Command["kind"][] = ["advance", "sweep", "deliver", "restart"];

/** What scripts have been through, so that they cannot come to do nothing without anybody noticing. */
export interface Coverage {
  add(script: Script, run: Run): void;
  /** How often each kind of command came to each status, one line a kind. */
  table(): string;
  /** What must not happen and has: answers of 500 and above, and errors that the engine wrote down. */
  broken(): readonly string[];
  /** What should have happened and has not, in words. */
  missing(routes: readonly string[]): readonly string[];
}

const eventsIn = (dump: Dump | undefined): readonly string[] =>
  (dump?.["log"] ?? []).flatMap((row) => {
    const events = row.find((cell) => cell.startsWith("events=")) ?? "";
    return [...events.matchAll(/"type":"([A-Z]\w+)"/g)].map(([, type]) => type ?? "");
  });

export const createCoverage = (): Coverage => {
  const kinds = new Map<string, Map<string, number>>();
  const broken: string[] = [];
  const add = (kind: string, outcome: string, by = 1): void => {
    const outcomes = kinds.get(kind) ?? new Map<string, number>();
    kinds.set(kind, outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + by));
  };
  const count = (kind: string, outcome: RegExp): number =>
    [...(kinds.get(kind) ?? [])].reduce((sum, [one, times]) => (outcome.test(one) ? sum + times : sum), 0);
  const has = (outcome: string): boolean => [...kinds.values()].some((outcomes) => outcomes.has(outcome));
  return {
    add: ({ seed, commands }, { steps, dumps }) => {
      steps.forEach(({ answer, swept, callsOut, messages, log }, at) => {
        const command = commands[at];
        if (command === undefined) return;
        const errors = log.filter((line) => line.startsWith("error "));
        if (answer !== null && answer.status >= 500) errors.push(`${answer.status} ${answer.body}`);
        broken.push(...errors.map((what) => `seed ${seed}, command ${at + 1}: ${what}`));
        add(
          command.kind === "request" ? command.route : command.kind,
          answer === null ? "done" : String(answer.status),
        );
        add("effects", "session ticked by a sweep", swept?.ticked ?? 0);
        add("effects", "session handed on by a sweep", swept?.handedOn ?? 0);
        add("effects", "schedule fired by a sweep", swept?.schedules ?? 0);
        add("effects", "call out", callsOut.length);
        add("effects", "queue message", messages.length);
      });
      for (const event of eventsIn(dumps.at(-1))) add("events", event);
    },
    broken: () => broken,
    table: () =>
      [...kinds]
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([kind, outcomes]) => {
          const shown = [...outcomes]
            .toSorted(([a], [b]) => (a < b ? -1 : 1))
            .map(([one, times]) => `${one} × ${times}`);
          return `${kind}: ${shown.join(", ")}`;
        })
        .join("\n"),
    missing: (routes) => [
      ...routes.filter((route) => count(route, /^2/) === 0).map((route) => `success of ${route}`),
      ...ENGINE.filter((kind) => count(kind, /./) === 0),
      ...REFUSALS.filter((status) => !has(String(status))).map((status) => `answer ${status}`),
      ...[...SESSION_EVENTS, ...AGENT_EVENTS].filter((event) => count("events", new RegExp(`^${event}$`)) === 0),
      ...[...(kinds.get("effects") ?? [])].filter(([, times]) => times === 0).map(([effect]) => effect),
    ],
  };
};
