import type { SessionEvent } from "../../src/core/session/events.ts";
import type { Row } from "./legal-execution.ts";
import { same } from "./naive-data.ts";

type Of<T extends SessionEvent["type"]> = Extract<SessionEvent, { type: T }>;

interface Member {
  readonly id: string;
  readonly started: Of<"SessionStarted">;
  readonly events: readonly SessionEvent[];
  readonly end: Of<"SessionCompleted" | "SessionFailed" | "SessionCancelled"> | undefined;
}

const ends = new Set<string>(["SessionCompleted", "SessionFailed", "SessionCancelled"]);
const wordOf = { SessionCompleted: "completed", SessionFailed: "failed", SessionCancelled: "cancelled" } as const;

const memberOf = (rows: readonly Row[]): readonly Member[] => {
  const events = rows.flatMap((row) => row.events);
  const started = events.find((event): event is Of<"SessionStarted"> => event.type === "SessionStarted");
  if (started === undefined) return [];
  const end = events.find((event): event is NonNullable<Member["end"]> => ends.has(event.type));
  return [{ id: started.sessionId, started, events, end }];
};

const requestsOf = ({ events }: Member): readonly Of<"ChildRequested">[] =>
  events.filter((event): event is Of<"ChildRequested"> => event.type === "ChildRequested");

/** Which child a task had at work just before an event of its parent's log. */
const childBefore = ({ events }: Member, at: number, n: number): string | undefined =>
  events
    .slice(0, at)
    .findLast((event): event is Of<"ChildRequested"> => event.type === "ChildRequested" && event.n === n)?.sessionId;

/** A child is born of one request, with what its task was given, one deeper than its parent. */
const birthFaults = (child: Member, parent: Member | undefined): readonly string[] => {
  const { parent: from, input } = child.started;
  if (from === undefined) return [];
  if (parent === undefined) return [`${child.id} has a parent without a log`];
  const asked = requestsOf(parent).find(({ sessionId }) => sessionId === child.id);
  const entered = parent.events.find((event) => event.type === "TaskEntered" && event.n === from.n);
  return [
    ...(asked?.n === from.n && asked.attempt === from.attempt ? [] : [`${child.id} was not asked for by ${parent.id}`]),
    ...(from.depth === (parent.started.parent?.depth ?? 0) + 1 ? [] : [`${child.id} stands ${from.depth} deep`]),
    ...(entered?.type === "TaskEntered" && same(entered.parameters, input)
      ? []
      : [`${child.id} was not given what its task was`]),
  ];
};

/** What a parent takes from its children is what they came to. */
const endFaults = (parent: Member, members: ReadonlyMap<string, Member>): readonly string[] =>
  parent.events.flatMap((event, at) => {
    if (event.type === "TaskResolved" && event.by === "child") {
      const end = members.get(childBefore(parent, at, event.n) ?? "")?.end;
      const right = end?.type === "SessionCompleted" && same(end.output ?? null, event.output);
      return right ? [] : [`${parent.id} takes ${JSON.stringify(event.output)} of a child that did not hand it on`];
    }
    const [, says] = event.type === "CallFailed" ? (/^child_(completed|failed|cancelled)$/.exec(event.error.code) ?? []) : []; // prettier-ignore
    if (event.type !== "CallFailed" || says === undefined) return [];
    const end = members.get(childBefore(parent, at, event.n) ?? "")?.end;
    return end !== undefined && wordOf[end.type] === says ? [] : [`${parent.id} says ${says} of a child that is not`];
  });

/** Whether a parent's log still waits for that child at its end. */
const isAwaited = (parent: Member, { started }: Member): boolean => {
  const { n, attempt } = started.parent!;
  if (parent.end !== undefined) return false;
  const isIts = (event: SessionEvent): boolean =>
    event.type === "ChildRequested" && event.n === n && event.attempt === attempt;
  return !parent.events.slice(parent.events.findIndex(isIts) + 1).some((event) => {
    if (!("n" in event) || event.n !== n) return false;
    if (event.type === "CallFailed") return event.attempt === attempt;
    if (event.type === "ChildRequested") return event.attempt > attempt;
    return ["TaskResolved", "TaskFailed", "TaskCancelled", "TaskSkipped", "TaskHurried"].includes(event.type);
  });
};

/**
 * What is wrong with the logs of sessions as children and parents of each other. `isOver`: nothing happens any more, so
 * that no child may be left whom nobody waits for. Knows nothing of how the engine works. Pure.
 */
export const familyViolationsOf = (logs: readonly (readonly Row[])[], isOver: boolean): readonly string[] => {
  const all = logs.flatMap(memberOf);
  const members = new Map(all.map((member) => [member.id, member]));
  const twice = all.length === members.size ? [] : ["a session was started twice"];
  return [
    ...twice,
    ...all.flatMap((member) => {
      const parent = members.get(member.started.parent?.sessionId ?? "");
      const left = isOver && parent !== undefined && member.end === undefined && !isAwaited(parent, member);
      return [
        ...birthFaults(member, parent),
        ...endFaults(member, members),
        ...(left ? [`${member.id} is left, and nobody waits for it`] : []),
      ];
    }),
  ];
};
