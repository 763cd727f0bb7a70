/** Pieces of SQL that several statements share. `a` is a row of agents, `n` its newest report. */

/** Of reports `m` of one agent, the newest. */
export const NEWEST_FIRST = "ORDER BY m.at DESC, m.received_at DESC, m.digest DESC LIMIT 1";

/** Joins the newest report to agents `a`: the last key of the agent in `agent_log`. */
export const WITH_NEWEST = `LEFT JOIN agent_log n ON n.agent_id = a.id AND (n.at, n.received_at, n.digest) = (
  SELECT m.at, m.received_at, m.digest FROM agent_log m WHERE m.agent_id = a.id
  ${NEWEST_FIRST})`;

export const AGENT_COLUMNS = `a.*, n.state AS r_state, n.meaning AS r_meaning, n.sent AS r_sent, n.sent_us AS r_sent_us,
  n.received_at AS r_received_at, n.attempt AS r_attempt`;

function free(lost: string): string {
  return `(a.admission IN ('registered', 'provisional')
  AND (SELECT count(*) FROM json_each(a.tasks)) < a.capacity
  AND (${lost} OR a.missed_at < max(a.registered_at, coalesce(a.contact_at, 0), coalesce(n.received_at, 0)))
  AND (n.meaning IS NULL OR n.meaning = 'free' OR (n.meaning <> 'other' AND n.attempt IS NOT NULL AND (
    EXISTS (SELECT 1 FROM json_each(a.settled) s WHERE s.value = n.attempt)
    OR EXISTS (SELECT 1 FROM json_each(a.tasks) t WHERE t.key = n.attempt)))))`;
}

/** `availabilityOf` in SQL: only a pre-filter, the decision is made in core; a test holds the two against each other. */
export const FREE = free("a.missed_at IS NULL");

/** Like `FREE`, but agents presumed lost pass: core knows when the presumption ends. */
export const FREE_OR_LOST = free("1");

/** Like `FREE`, but agents that were lost up to a time (one argument, epoch ms) pass. */
export const FREE_OR_LOST_BEFORE = free("a.missed_at IS NULL OR a.missed_at <= ?");

/** The row key of the first task in queue `q` that agent `a` may take; one seek, however long the queue is. */
const FIRST_OF_QUEUE = `SELECT f.order_key, f.task_id FROM waiting_tasks f WHERE f.queue = q.value
  AND NOT EXISTS (SELECT 1 FROM json_each(f.not_agents) x WHERE x.value = a.id)
  ORDER BY f.order_key, f.task_id LIMIT 1`;

/**
 * Each queue `q` of agent `a` with the first task `w` that it may take. An older id's queue counts only while that
 * id is routed to `a`, as in core: what core would not assign must not stand before others. CROSS JOIN keeps the
 * order, or the planner may walk every waiting task.
 */
export const FIRST_OF_QUEUES = `json_each(a.queues) q CROSS JOIN waiting_tasks w ON w.queue = q.value
  AND (w.order_key, w.task_id) = (${FIRST_OF_QUEUE}) AND (substr(q.value, 1, 6) <> 'agent:'
  OR a.id = coalesce((SELECT s.superseded_by FROM agents s WHERE s.id = substr(q.value, 7)), substr(q.value, 7)))`;

/** The first waiting task that agent `a` may take, as `session_id`. */
export const FIRST_WAITING = `SELECT w.session_id FROM ${FIRST_OF_QUEUES} ORDER BY w.order_key, w.task_id LIMIT 1`;

/** The JSON path of an attempt inside `agents.tasks`. Attempt ids hold no quotes. */
export const taskPath = (attemptId: string): string => `$."${attemptId}"`;

/** Before every time there is; the largest number that JSON and D1 both keep. */
export const EARLIEST_MICROS = -9_007_199_254_740_991;

/** Of an attempt in flight `t`: its agent's newest own timestamp when the task was given to it. */
export const LAST_SENT = `coalesce(json_extract(t.value, '$.lastSentMicros'), ${EARLIEST_MICROS})`;

/** A report row `l` that names no task. A task that an agent started by its id is not ended by a report without. */
export const NAMES_NO_TASK = `NOT EXISTS (SELECT 1 FROM json_each(l.details) d
  WHERE d.key IN ('opscore_task_id', 'task_id', 'taskId') AND d.type = 'text' AND d.value <> '')`;

/** Picks from agents `a` the newest registered one of a name (first argument) with another id than the second. */
export const NEWEST_NAMESAKE = `a.name = ? AND a.name <> '' AND a.id <> ? AND a.admission = 'registered'
  ORDER BY a.signed_at DESC, a.registered_at DESC LIMIT 1`;

/**
 * Due by now (two arguments), and never as it was: a tick under way, which saw the agent as it was before, must not
 * find the timer untouched and re-arm it for later.
 */
export const DUE_NOW = "min(coalesce(due_at - 1, ?), ?)";
