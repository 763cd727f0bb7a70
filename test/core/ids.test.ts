import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  attemptIdOf,
  eventIdOf,
  isSessionId,
  keyIdAt,
  parseTaskRef,
  scheduleIdAt,
  sessionIdAt,
  sessionIdFloor,
  taskIdOf,
} from "../../src/core/ids.ts";

const T = 1_795_000_000_000;
const seed = fc.stringMatching(/^[0-9a-f]{32}$/);
const time = fc.nat(2 ** 47);

test("a session id holds its shard, its time and bits of the seed", () => {
  expect(sessionIdAt(0, "00".repeat(16))).toBe(`ses_00${"0".repeat(26)}`);
  expect(sessionIdAt(31, "1f".repeat(16), "A7")).toBe(`ses_A7${"0".repeat(9)}Z${"Z".repeat(16)}`);
});

test("a schedule id is made as a session id is, and is none", () => {
  expect(scheduleIdAt(31, "1f".repeat(16))).toBe(`sch_00${"0".repeat(9)}Z${"Z".repeat(16)}`);
  expect(isSessionId(scheduleIdAt(T, "1f".repeat(16), "A7"))).toBe(false);
  expect(keyIdAt(31, "1f".repeat(16))).toBe(`key_00${"0".repeat(9)}Z${"Z".repeat(16)}`);
  expect(keyIdAt(T, "1f".repeat(16), "A7")).toMatch(/^key_A7/);
});

test("session ids sort by time and differ by seed", () => {
  fc.assert(
    fc.property(time, time, seed, seed, (a, b, one, other) => {
      expect(isSessionId(sessionIdAt(a, one))).toBe(true);
      if (a !== b) expect(sessionIdAt(a, one) < sessionIdAt(b, other)).toBe(a < b);
    }),
  );
  expect(sessionIdAt(T, "00".repeat(16))).not.toBe(sessionIdAt(T, "01".repeat(16)));
});

test("task, attempt and event name their session by string work", () => {
  const session = sessionIdAt(T, "00".repeat(16));
  const rest = session.slice(4);
  expect(taskIdOf(session, 3)).toBe(`tsk_${rest}.3`);
  expect(attemptIdOf(session, 3, 2)).toBe(`tsk_${rest}.3:2`);
  expect(eventIdOf(session, 7, 0)).toBe(`evt_${rest}.7.0`);
});

test("what was made is read back", () => {
  fc.assert(
    fc.property(
      time,
      seed,
      fc.integer({ min: 1, max: 999_999 }),
      fc.integer({ min: 1, max: 999_999_999 }),
      (at, bits, n, attempt) => {
        const sessionId = sessionIdAt(at, bits);
        expect(parseTaskRef(attemptIdOf(sessionId, n, attempt))).toEqual({ sessionId, n, attempt });
        expect(parseTaskRef(taskIdOf(sessionId, n))).toEqual({ sessionId, n, attempt: null });
      },
    ),
  );
});

describe("text that is no id", () => {
  const body = `00${"0".repeat(26)}`;
  test.each([
    "",
    "task-1",
    `tsk_${body}`,
    `tsk_${body}.`,
    `tsk_${body}.0`,
    `tsk_${body}.01`,
    `tsk_${body}.1234567`,
    `tsk_${body}.1:`,
    `tsk_${body}.1:0`,
    `tsk_${body}.1:1:1`,
    `tsk_${body}.1:1\n`,
    ` tsk_${body}.1`,
    `tsk_${body.toLowerCase()}i.1`,
    `tsk_00${"I".repeat(26)}.1`,
    `ses_${body}`,
  ])("%j is none of a task", (text) => expect(parseTaskRef(text)).toBeNull());

  test.each(["", `ses_${body}0`, `ses_${body.slice(1)}`, `tsk_${body}`, `ses_00${"U".repeat(26)}`])(
    "%j is none of a session",
    (text) => expect(isSessionId(text)).toBe(false),
  );

  test("no text at all is too odd to be answered", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(parseTaskRef(text)).toBeNull();
        expect(isSessionId(text)).toBe(false);
      }),
    );
  });
});

test("the floor of a time parts the ids of before from those of then and later", () => {
  fc.assert(
    fc.property(time, time, seed, (at, floor, bits) => {
      expect(sessionIdAt(at, bits) >= sessionIdFloor(floor)).toBe(at >= floor);
    }),
  );
  expect(sessionIdFloor(-1)).toBe(sessionIdFloor(0));
  expect(sessionIdFloor(31, "A7")).toBe("ses_A7000000000Z");
});
