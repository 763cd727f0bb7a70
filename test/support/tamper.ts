import type { SessionEvent } from "../../src/core/session/events.ts";
import type { Row } from "./legal-execution.ts";

type Type = SessionEvent["type"];
export type Tamper = (rows: readonly Row[]) => readonly Row[];

/** Puts other events in the place of the nth one (from 0) of a type; throws if there is none, so that no tampering is idle. */
const replace =
  (type: Type, nth: number, put: (event: SessionEvent) => readonly SessionEvent[]): Tamper =>
  (rows) => {
    let seen = -1;
    const changed = rows.map((row) => ({
      ...row,
      events: row.events.flatMap((event) => {
        if (event.type !== type) return [event];
        seen += 1;
        return seen === nth ? put(event) : [event];
      }),
    }));
    if (seen < nth) throw new RangeError(`the log has no ${type} ${nth}`);
    return changed;
  };

export const dropped = (type: Type, nth = 0): Tamper => replace(type, nth, () => []);

export const doubled = (type: Type, nth = 0): Tamper => replace(type, nth, (event) => [event, event]);

export const changed = (type: Type, patch: object, nth = 0): Tamper =>
  replace(type, nth, (event) => [{ ...event, ...patch }]);

/** Another event before the nth of a type. */
export const preceded = (type: Type, by: object, nth = 0): Tamper =>
  replace(type, nth, (event) => [by as SessionEvent, event]);

/** A row at another time (from 0), and with it all that follow. */
export const moved =
  (row: number, byMs: number): Tamper =>
  (rows) =>
    rows.map((one, i) => (i < row ? one : { ...one, at: one.at + byMs }));

/** The events of a row from the last to the first. */
export const reversed =
  (row: number): Tamper =>
  (rows) =>
    rows.map((one, i) => (i === row ? { ...one, events: one.events.toReversed() } : one));

/** Without a whole row. */
export const without =
  (row: number): Tamper =>
  (rows) =>
    rows.filter((_, i) => i !== row);

/** One after the other. */
export const both =
  (first: Tamper, second: Tamper): Tamper =>
  (rows) =>
    second(first(rows));
