/**
 * Ids name their session by string work, so that no table maps them:
 * session `ses_<shard><ulid>`, task `tsk_<shard><ulid>.<n>`, attempt `<task>:<attempt>`,
 * event `evt_<shard><ulid>.<seq>.<i>`. The shard is two characters; one database is shard `00`.
 */
import { bitsOf } from "./random.ts";

const CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const BODY = "[0-9A-Z]{2}[0-9A-HJKMNP-TV-Z]{26}";
const SESSION = new RegExp(`^ses_(${BODY})$`);
const TASK = new RegExp(`^tsk_(${BODY})\\.([1-9][0-9]{0,5})$`);
const ATTEMPT = new RegExp(`^tsk_(${BODY})\\.([1-9][0-9]{0,5}):([1-9][0-9]{0,8})$`);

export const DEFAULT_SHARD = "00";

const timeText = (at: number): string => {
  let time = "";
  for (let rest = at, i = 0; i < 10; i += 1) {
    time = CROCKFORD.charAt(rest % 32) + time;
    rest = Math.floor(rest / 32);
  }
  return time;
};

/**
 * A new session id. Sorts by `now` (epoch ms), which must be the session's start: lists seek by it. The other 80 bits
 * come from the seed.
 */
export const sessionIdAt = (now: number, seed: string, shard: string = DEFAULT_SHARD): string => {
  const random = bitsOf(seed, 16)
    .map((value) => CROCKFORD.charAt(value))
    .join("");
  return `ses_${shard}${timeText(now)}${random}`;
};

/** A new schedule id, made as a session id is. */
export const scheduleIdAt = (now: number, seed: string, shard: string = DEFAULT_SHARD): string =>
  `sch_${sessionIdAt(now, seed, shard).slice(4)}`;

/** A new id of an API key, made as a session id is. What follows `key_` stands in the key itself. */
export const keyIdAt = (now: number, seed: string, shard: string = DEFAULT_SHARD): string =>
  `key_${sessionIdAt(now, seed, shard).slice(4)}`;

/** What the ids of sessions started at that time (epoch ms) or later are not below, and those of earlier ones are. */
export const sessionIdFloor = (at: number, shard: string = DEFAULT_SHARD): string =>
  `ses_${shard}${timeText(Math.max(0, at))}`;

export const isSessionId = (text: string): boolean => SESSION.test(text);

/** The id of the n-th task a session created (1-based). */
export const taskIdOf = (sessionId: string, n: number): string => `tsk_${sessionId.slice(4)}.${n}`;

/** The `opscore_task_id` that fences one attempt (1-based). */
export const attemptIdOf = (sessionId: string, n: number, attempt: number): string =>
  `${taskIdOf(sessionId, n)}:${attempt}`;

export const eventIdOf = (sessionId: string, seq: number, index: number): string =>
  `evt_${sessionId.slice(4)}.${seq}.${index}`;

export interface TaskRef {
  readonly sessionId: string;
  readonly n: number;
  /** `null`: the id names the task, not one attempt. */
  readonly attempt: number | null;
}

/** Reads a task id or an attempt id; `null` for any other text. */
export const parseTaskRef = (text: string): TaskRef | null => {
  const attempt = ATTEMPT.exec(text);
  if (attempt) return { sessionId: `ses_${attempt[1]}`, n: Number(attempt[2]), attempt: Number(attempt[3]) };
  const task = TASK.exec(text);
  return task ? { sessionId: `ses_${task[1]}`, n: Number(task[2]), attempt: null } : null;
};
