import { describe, expect, test } from "vitest";
import { markerOf } from "../../src/core/workflow/secret-marker.ts";
import { statement } from "../../src/store/sql-port.ts";
import type { Platform } from "../support/world.ts";

/** What a rendered text with a marker goes through: stored as JSON text, read whole or by a JSON function. */
export const storeMarkerSuite = (platform: Platform): void => {
  describe(`a secret's marker in the store on ${platform.name}`, () => {
    const value = { url: "https://x.test", headers: { a: `Bearer ${markerOf("TOKEN")}!`, b: "after" } };
    const text = JSON.stringify([value]);

    test("P4, P13: JSON text with a marker comes back byte for byte", async () => {
      const opened = await platform.openSql();
      const { sql } = opened;
      await sql.batch(
        [
          statement(
            `INSERT INTO log (stream, seq, tx, at, v, cause, events, hash) VALUES ('ses_x', 1, 't', 0, 1, '{}', ?, 'h')`,
            text,
          ),
        ],
        "write",
      );
      const [read] = await sql.batch(
        [
          statement(
            `SELECT events, length(events) AS chars, events -> '$[0].headers.a' AS arrow,
              json_extract(events, '$[0].headers') AS part, json(events) AS again,
              (SELECT json_group_array(json(value)) FROM json_each(events)) AS gathered
            FROM log WHERE stream = 'ses_x'`,
          ),
        ],
        "read",
      );
      await opened.close();
      expect(read?.rows[0]).toEqual({
        events: text,
        chars: text.length,
        arrow: JSON.stringify(value.headers.a),
        part: JSON.stringify(value.headers),
        again: text,
        gathered: text,
      });
    });
  });
};
