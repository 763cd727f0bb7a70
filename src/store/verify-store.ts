import type { StreamHead, VerifyStore } from "../app/verify-port.ts";
import { toLogRow } from "./rebuild-store.ts";
import { number, orNull, text } from "./rows.ts";
import { statement, type Row, type Sql } from "./sql-port.ts";
import { translating } from "./store.ts";

const toHead = (row: Row): StreamHead => ({
  stream: text(row, "stream"),
  seq: number(row, "seq"),
  hash: text(row, "hash"),
  tx: orNull(row["tx"], String),
});

/** What is guarded by a stream, by kind: its columns as those of a head. An agent's nonce may be of a newer id's commit. */
const HEADS = {
  sessions: "SELECT h.id AS stream, h.id AS key, h.seq AS seq, h.hash AS hash, h.tx AS tx FROM sessions h",
  agents:
    "SELECT 'agent:' || h.id AS stream, h.id AS key, h.log_seq AS seq, h.log_hash AS hash, NULL AS tx FROM agents h",
  chain_heads:
    "SELECT h.stream AS stream, h.stream AS key, h.seq AS seq, h.hash AS hash, h.tx AS tx FROM chain_heads h",
} as const;

const KEYS = { sessions: "h.id", agents: "h.id", chain_heads: "h.stream" } as const;

/** The VerifyStore port over any Sql port; it only reads. Driver errors leave here as `OpsError`. */
export const createVerifyStore = (driver: Sql): VerifyStore => {
  const sql = translating(driver);
  return {
    readStreams: async ({ stream, seq }, limit) => {
      const page = "SELECT * FROM log WHERE (stream, seq) > (?, ?) ORDER BY stream, seq LIMIT ?";
      const [rows, heads] = await sql.batch(
        [
          statement(page, stream, seq, limit),
          statement(
            `WITH names AS (SELECT stream FROM (${page.replace("*", "stream")}) UNION SELECT ?)
              ${HEADS.sessions} JOIN names n ON n.stream = h.id
              UNION ALL ${HEADS.agents} JOIN names n ON substr(n.stream, 1, 6) = 'agent:' AND h.id = substr(n.stream, 7)
              UNION ALL ${HEADS.chain_heads} JOIN names n ON n.stream = h.stream`,
            ...[stream, seq, limit, stream],
          ),
        ],
        "read",
      );
      const found = rows?.rows ?? [];
      const last = found.at(-1);
      return {
        rows: found.map(toLogRow),
        heads: (heads?.rows ?? []).map(toHead),
        // As it is stored: a place that is no number must not stop the reading.
        next:
          last === undefined || found.length < limit
            ? null
            : { stream: last["stream"] ?? null, seq: last["seq"] ?? null },
      };
    },

    lostLogs: async (kind, after, limit) => {
      const key = KEYS[kind];
      const page = `${HEADS[kind]} WHERE ${key} > ? ORDER BY ${key} LIMIT ?`;
      const [looked, lost] = await sql.batch(
        [
          statement(`SELECT max(key) AS last, count(*) AS n FROM (${page})`, after, limit),
          statement(
            `SELECT p.* FROM (${page}) p WHERE p.seq > 0 AND NOT EXISTS (SELECT 1 FROM log l WHERE l.stream = p.stream)`,
            after,
            limit,
          ),
        ],
        "read",
      );
      const row = looked?.rows[0];
      return {
        lost: (lost?.rows ?? []).map(toHead),
        next: row === undefined || Number(row["n"]) < limit ? null : text(row, "last"),
      };
    },

    positions: async (after, limit) => {
      const [found] = await sql.batch(
        [statement("SELECT pos FROM log WHERE pos > ? ORDER BY pos LIMIT ?", after, limit)],
        "read",
      );
      return (found?.rows ?? []).map((row) => number(row, "pos"));
    },
  };
};
