import { describe, expect, expectTypeOf, test } from "vitest";
import * as z from "zod";
import { LIVENESS, REGISTRATIONS, UNAVAILABLE_CODES } from "../../src/contract/answers/agent.ts";
import { LATE_REASONS, OUTPUT_SOURCES, SETTLED_BY } from "../../src/contract/answers/attempt-events.ts";
import { answersByOperation, type OperationAnswers } from "../../src/contract/answers/by-operation.ts";
import { NOT_APPLIED_REASONS } from "../../src/contract/answers/legacy.ts";
import { FIRE_ORIGINS, FIRE_OUTCOMES } from "../../src/contract/answers/schedule.ts";
import { sessionEventAnswer, type SessionEventAnswer } from "../../src/contract/answers/session-log.ts";
import { NO_AGENT_CODES, WAIT_CODES } from "../../src/contract/wait-codes.ts";
import { AWAITED, INSTEAD, RESOLVED_BY, SKIP_REASONS } from "../../src/contract/answers/task-events.ts";
import { ATTEMPT_OUTCOMES, taskAnswer, type TaskAnswer } from "../../src/contract/answers/task.ts";
import { ACTOR_KINDS, TRANSPORTS } from "../../src/contract/answers/values.ts";
import { ERROR_CODES, problemSchema } from "../../src/contract/problem.ts";
import { SESSION_STATUSES, TASK_STATUSES } from "../../src/contract/queries.ts";
import { OVERLAPS } from "../../src/contract/schedules.ts";
import type { Admission } from "../../src/core/agent/agent.ts";
import type { Availability, Liveness } from "../../src/core/agent/availability.ts";
import type { NotApplied } from "../../src/core/report/interpret.ts";
import type { Fire, Overlap } from "../../src/core/schedule/schedule.ts";
import {
  SESSION_EVENTS,
  type AttemptOutcome,
  type SessionEvent,
  type Transport,
} from "../../src/core/session/events.ts";
import type { Actor, NoAgentCode, WaitCode } from "../../src/core/session/state.ts";
import type { AttemptView, ReadStatus, TaskView } from "../../src/core/session/view.ts";
import { readTraces } from "../support/trace.ts";

const operations = Object.entries<OperationAnswers>(answersByOperation);

type EventOf<T extends SessionEvent["type"]> = Extract<SessionEvent, { readonly type: T }>;

/** The members of each event, by its type. */
type Members<E extends { readonly type: string }> = { [T in E["type"]]: keyof Extract<E, { readonly type: T }> };

describe("lists of words", () => {
  const lists = {
    ...{ ACTOR_KINDS, ATTEMPT_OUTCOMES, AWAITED, FIRE_ORIGINS, FIRE_OUTCOMES, INSTEAD, LATE_REASONS, LIVENESS },
    ...{ NOT_APPLIED_REASONS, NO_AGENT_CODES, OUTPUT_SOURCES, OVERLAPS, REGISTRATIONS, RESOLVED_BY, SESSION_STATUSES },
    ...{ SETTLED_BY, SKIP_REASONS, TASK_STATUSES, TRANSPORTS, UNAVAILABLE_CODES, WAIT_CODES },
  };

  test.each(Object.entries(lists))("%s has each once", (_, list) => {
    expect(list.length).toBeGreaterThan(0);
    expect(new Set<string>(list).size).toBe(list.length);
  });

  test("each has the words of the core, no more and no less", () => {
    expectTypeOf<(typeof ACTOR_KINDS)[number]>().toEqualTypeOf<Actor["kind"]>();
    expectTypeOf<(typeof ATTEMPT_OUTCOMES)[number]>().toEqualTypeOf<AttemptOutcome>();
    expectTypeOf<(typeof AWAITED)[number]>().toEqualTypeOf<EventOf<"TaskAwaited">["what"]>();
    expectTypeOf<(typeof FIRE_ORIGINS)[number]>().toEqualTypeOf<Fire["by"]>();
    expectTypeOf<(typeof FIRE_OUTCOMES)[number]>().toEqualTypeOf<Fire["outcome"]>();
    expectTypeOf<(typeof INSTEAD)[number]>().toEqualTypeOf<NonNullable<EventOf<"TaskFailed">["instead"]>>();
    expectTypeOf<(typeof LATE_REASONS)[number]>().toEqualTypeOf<EventOf<"LateResultRecorded">["reason"]>();
    expectTypeOf<(typeof LIVENESS)[number]>().toEqualTypeOf<Liveness>();
    expectTypeOf<(typeof NOT_APPLIED_REASONS)[number]>().toEqualTypeOf<NotApplied>();
    expectTypeOf<(typeof NO_AGENT_CODES)[number]>().toEqualTypeOf<NoAgentCode>();
    expectTypeOf<(typeof OUTPUT_SOURCES)[number]>().toEqualTypeOf<EventOf<"TaskCompleted">["outputFrom"]>();
    expectTypeOf<(typeof OVERLAPS)[number]>().toEqualTypeOf<Overlap>();
    expectTypeOf<(typeof REGISTRATIONS)[number]>().toEqualTypeOf<Admission>();
    expectTypeOf<(typeof RESOLVED_BY)[number]>().toEqualTypeOf<EventOf<"TaskResolved">["by"]>();
    expectTypeOf<(typeof SESSION_STATUSES)[number]>().toEqualTypeOf<ReadStatus>();
    expectTypeOf<(typeof SETTLED_BY)[number]>().toEqualTypeOf<EventOf<"TaskCompleted">["via"]>();
    expectTypeOf<(typeof SKIP_REASONS)[number]>().toEqualTypeOf<EventOf<"TaskSkipped">["reason"]>();
    expectTypeOf<(typeof TASK_STATUSES)[number]>().toEqualTypeOf<TaskView["status"]>();
    expectTypeOf<(typeof TRANSPORTS)[number]>().toEqualTypeOf<Transport>();
    expectTypeOf<(typeof UNAVAILABLE_CODES)[number]>().toEqualTypeOf<
      Extract<Availability, { readonly available: false }>["code"]
    >();
    expectTypeOf<(typeof WAIT_CODES)[number]>().toEqualTypeOf<WaitCode>();
  });
});

test("a task and an attempt have the members of the core's view of them, and no others", () => {
  expectTypeOf<keyof TaskAnswer>().toEqualTypeOf<keyof TaskView>();
  expectTypeOf<keyof TaskAnswer["attempts"][number]>().toEqualTypeOf<keyof AttemptView>();
  expect(Object.keys(taskAnswer.shape)).toContain("attempts");
});

describe("events of a session's log", () => {
  const described = sessionEventAnswer.options.map((option) => option.shape.type.value);

  test("every type of event is described, with its members and no others", () => {
    expect(described.toSorted()).toEqual([...SESSION_EVENTS].toSorted());
    expectTypeOf<{ [T in SessionEventAnswer["type"]]: Exclude<Members<SessionEventAnswer>[T], "id"> }>().toEqualTypeOf<
      Members<SessionEvent>
    >();
  });

  test.each(readTraces())("every event of the recorded log %s is as described", (_, { rows }) => {
    const faults: string[] = [];
    const types = new Set<string>();
    for (const row of rows.filter(({ stream }) => stream.startsWith("ses_"))) {
      // A log that was written by hand names definitions in short.
      const text = row.events.replaceAll('"hash":"h"', `"hash":"${"0".repeat(64)}"`);
      for (const [at, event] of (JSON.parse(text) as { readonly type: string }[]).entries()) {
        types.add(event.type);
        const id = `evt_${row.stream.slice(4)}.${row.seq}.${at}`;
        const read = sessionEventAnswer.safeParse({ id, ...event });
        if (!read.success) faults.push(`${event.type}: ${z.prettifyError(read.error)}`);
      }
    }
    expect(faults).toEqual([]);
    expect(types.size).toBeGreaterThan(5);
  });
});

describe("the table of operations", () => {
  test("a code of a problem is named once", () => {
    const twice = operations.filter(([, { problems }]) => new Set(problems).size !== problems.length);
    expect(twice.map(([name]) => name)).toEqual([]);
  });

  test("every error code is some operation's, but for those of no operation and those that nothing throws yet", () => {
    const named = new Set(operations.flatMap(([, { problems }]) => problems));
    const nobodys = ["not_found", "method_not_allowed", "internal_error"];
    expect(ERROR_CODES.filter((code) => !named.has(code))).toEqual(nobodys);
  });
});

/** Members without a description, by their place in a JSON Schema. */
const undescribed = (schema: unknown, place: string): readonly string[] => {
  if (Array.isArray(schema)) return schema.flatMap((one, at) => undescribed(one, `${place}/${at}`));
  if (typeof schema !== "object" || schema === null) return [];
  const { properties = {} } = schema as {
    properties?: Readonly<Record<string, { description?: string; $ref?: string }>>;
  };
  const bare = Object.entries(properties).filter(
    ([, member]) => member.description === undefined && member.$ref === undefined,
  );
  return [
    ...bare.map(([name]) => `${place}.${name}`),
    ...Object.entries(schema).flatMap(([key, value]) => undescribed(value, `${place}/${key}`)),
  ];
};

describe("as JSON Schema, from which documents and types are made", () => {
  const bodies = operations.flatMap(([name, { answers }]) =>
    Object.entries(answers).flatMap(([status, schema]) =>
      schema === null ? [] : [[`${status} of ${name}`, schema] as const],
    ),
  );

  test.each([...bodies, ["a problem", problemSchema] as const])("%s: each member says what it is", (_, schema) => {
    const document = z.toJSONSchema(schema, { io: "output" });
    expect(undescribed(document, "")).toEqual([]);
    // A page or a text has no members.
    if (document.type !== "string") expect(JSON.stringify(document)).toContain('"properties"');
  });
});
