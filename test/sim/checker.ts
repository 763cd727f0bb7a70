// Length: one fold of the log, and the predicates over it and the rows that share its state.
import { createHash } from "node:crypto";
import { attemptIdOf } from "../../src/core/ids.ts";
import { evolve } from "../../src/core/session/evolve.ts";
import type { AttemptEnded, SessionEvent } from "../../src/core/session/events.ts";
import { storedStatus } from "../../src/core/session/view.ts";
import { needsOf } from "../../src/core/session/needs.ts";
import type { OpenTask, SessionState } from "../../src/core/session/state.ts";
import type { InFlight } from "../../src/core/agent/agent.ts";
import type { GraphCache } from "../../src/app/graph-cache.ts";
import { orderOf } from "../../src/core/session/deadlines.ts";
import { taskIdOf } from "../../src/core/ids.ts";
import { workOf } from "../../src/core/session/facts.ts";
import type { SimDatabase } from "./database.ts";
import { createFlowChecks, type FlowChecks, type FlowWitness } from "./flow-checks.ts";
import type { Row } from "../../src/store/sql-port.ts";

export interface Violation {
  readonly promise: string;
  readonly message: string;
}

interface Folded {
  state: SessionState | null;
  seq: number;
  hash: string;
  terminalTasks: Set<number>;
  ended: boolean;
  compared?: { readonly state: SessionState; readonly texts: string };
}

/** Named predicates over the log and the rows, checked after every commit. */
export interface Checker {
  /** Calls that sessions have asked for. */
  readonly calls: FlowChecks["calls"];
  /** What kinds of events there were. */
  readonly kinds: ReadonlySet<string>;
  /** Signals that a session keeps, by their log row. */
  readonly kept: FlowChecks["kept"];
  /** Call after every executed write batch. */
  afterWrite(): void;
  readonly violations: Violation[];
  /** Folded sessions, by id. */
  readonly sessions: ReadonlyMap<string, { readonly state: SessionState | null }>;
  readonly events: number;
  /** How long after they were due attempts were asked for (ms), where the witness says that this counts. */
  readonly delays: readonly number[];
  /** Sessions that have not ended. */
  readonly open: number;
  /** How often each promise was looked at; what was never looked at holds nothing. */
  readonly checked: Record<string, number>;
  /** Write batches so far: what only reads rows need not look again at the same version. */
  readonly version: number;
}

/** What depends on the rows alone is found out once between two writes. */
export const perVersion = <T>(checker: Pick<Checker, "version">, find: () => T): (() => T) => {
  let known: { readonly version: number; readonly value: T } | null = null;
  return () => {
    const { version } = checker;
    if (known?.version !== version) known = { version, value: find() };
    return known.value;
  };
};

/** Which promises an event is held against, besides P6. */
const HELD_BY_EVENT: Readonly<Record<SessionEvent["type"], readonly string[]>> = {
  SessionStarted: [],
  TaskEntered: ["P11"],
  TaskWaited: [],
  DispatchRequested: ["P5"],
  AttemptEnded: ["P5"],
  TaskCompleted: ["P5"],
  TaskFailed: [],
  TaskCancelled: [],
  SessionCompleted: [],
  SessionFailed: [],
  SessionCancelled: [],
  SessionWarned: [],
  LateResultRecorded: ["P7"],
  TaskSkipped: [],
  TaskSlept: [],
  TaskResolved: [],
  TaskHurried: [],
  ChoiceMade: ["P11"],
  FallbackEnded: [],
  CompensationStarted: [],
  SessionPaused: [],
  SessionResumed: [],
  DeadlineMoved: [],
  TasksCarried: [],
  ControlAnswered: [],
  CallRequested: ["P5"],
  CallFailed: ["P5"],
  ChildRequested: ["P5"],
  TaskAwaited: [],
  SignalReceived: [],
};

const TERMINAL: ReadonlySet<SessionEvent["type"]> = new Set([
  "TaskCompleted", "TaskFailed", "TaskCancelled", "TaskResolved", "TaskSkipped",
]); // prettier-ignore

const text = (row: Row, column: string): string => String(row[column]);

const isTick = (row: Row): boolean => text(row, "cause").startsWith('{"command":"Tick"');

/** What the checker knows of the world outside the database. */
export interface Witness extends FlowWitness {
  /**
   * Whether an agent has said, truly or not, that this attempt is over; after `afterMicros`, by its own clock, if it
   * does not say of which it speaks.
   */
  readonly spoken: (attemptId: string, agentId: string, afterMicros: number) => boolean;
  /** Whether retries start in time now: nothing fails, and the store is quick. */
  readonly calm?: () => boolean;
}

export const createChecker = (db: SimDatabase, graphs: GraphCache, witness: Witness): Checker => {
  const violations: Violation[] = [];
  const sessions = new Map<string, Folded>();
  const agentStreams = new Map<string, { seq: number; hash: string }>();
  const bodies = new Map<string, string>();
  /** Newest own timestamp (µs) of its agent when an attempt was given to it. */
  const lastSent = new Map<string, number>();
  const delays: number[] = [];
  const kinds = new Set<string>();
  let pos = 0;
  let events = 0;
  let version = 0;
  const checked: Record<string, number> = {};
  const look = (...promises: readonly string[]): void => {
    for (const promise of promises) checked[promise] = (checked[promise] ?? 0) + 1;
  };
  const fail = (promise: string, message: string): void => {
    if (violations.length < 20) violations.push({ promise, message });
  };

  const flow = createFlowChecks(witness, (sessionId) => sessions.get(sessionId)?.state ?? null, fail);

  /** P3: 1..n without gap; P14: each row is chained to the one before. */
  const chain = (row: Row, last: { seq: number; hash: string }): void => {
    look("P3", "P14");
    const seq = Number(row["seq"]);
    if (seq !== last.seq + 1) fail("P3", `${text(row, "stream")}: row ${seq} follows ${last.seq}`);
    const chained = JSON.stringify([
      last.hash, row["stream"], seq, row["at"], row["v"], text(row, "cause"), text(row, "events"),
    ]); // prettier-ignore
    const hash = createHash("sha256").update(chained).digest("hex");
    if (hash !== row["hash"]) fail("P14", `${text(row, "stream")}: the hash of row ${seq} does not fit`);
    last.seq = seq;
    last.hash = text(row, "hash");
  };

  /** An attempt ends for a reason that holds: deadlines have passed, failures count. */
  const checkEnding = (id: string, event: AttemptEnded, state: SessionState | null, at: number): void => {
    const body = state === null ? "" : bodyOf(state);
    const task = state?.open.find(({ n }) => n === event.n);
    const timeout =
      state === null || body === "" || task === undefined
        ? undefined
        : workOf(graphs.of(state.definition.hash, body), task).timeout;
    const least = { run_deadline: timeout?.runMs ?? 0, start_deadline: timeout?.startMs ?? 0 };
    if (event.outcome === "run_deadline" || event.outcome === "start_deadline") {
      const after = at - event.trace.sentAt;
      if (after < least[event.outcome] - 2 * witness.skewMs) fail("P5", `${id}: ${event.outcome} after ${after} ms`);
    }
    const counts = ["failed", "rejected", "agent_error", "agent_restarted"].includes(event.outcome);
    if (counts !== event.counts && !event.outcome.endsWith("_deadline")) {
      fail("P5", `${id}: ${event.outcome} ${event.counts ? "counts" : "does not count"}`);
    }
  };

  const step = (id: string, folded: Folded, event: SessionEvent, row: Row): void => {
    events += 1;
    kinds.add(event.type === "TaskResolved" ? `${event.type}:${event.by}` : event.type);
    look("P6", ...HELD_BY_EVENT[event.type]);
    const before = folded.state;
    if (folded.ended && event.type !== "LateResultRecorded") fail("P6", `${id}: ${event.type} after the end`);
    if ("n" in event && event.type !== "LateResultRecorded" && folded.terminalTasks.has(event.n)) {
      fail("P6", `${id}: ${event.type} for task ${event.n}, which has ended`);
    }
    const open = before !== null && "n" in event ? before.open.find((task) => task.n === event.n) : undefined;
    if (before !== null) flow.step({ id, before, open, at: Number(row["at"]), seq: folded.seq }, event);
    switch (event.type) {
      case "DispatchRequested":
        if (event.again ? open?.phase !== "dispatched" : open?.phase === "dispatched") {
          fail("P5", `${id}: dispatch of ${event.attemptId} while the task is ${open?.phase ?? "gone"}`);
        }
        if (open?.phase === "backoff" && Number(row["at"]) < open.retryAt - 2 * witness.skewMs) {
          fail("P5", `${id}: ${event.attemptId} starts before its retry is due`);
        }
        // What a pause held back is late for another reason.
        if (open?.phase === "backoff" && isTick(row) && witness.calm?.() === true)
          delays.push(Number(row["at"]) - open.retryAt);
        if (event.attempt !== (open?.attempt ?? 0) + (event.again ? 0 : 1)) {
          fail("P5", `${id}: attempt ${event.attempt} follows ${open?.attempt ?? 0}`);
        }
        if (event.attemptId !== attemptIdOf(id, event.n, event.attempt)) fail("P5", `${id}: fence ${event.attemptId}`);
        break;
      case "TaskEntered": {
        const body = before === null ? "" : bodyOf(before);
        const node =
          before === null || body === "" ? undefined : graphs.of(before.definition.hash, body).tasks.get(event.taskId);
        const work = node?.type === "map" && event.of !== undefined ? node.item : node;
        const missing = Object.keys(work?.parameters ?? {}).filter((key) => !(key in event.parameters));
        const failsToRender = missing.length > 0 && Object.keys(event.parameters).length > 0;
        if (node === undefined || failsToRender) fail("P11", `${id}: ${event.taskId} is not what its definition says`);
        break;
      }
      case "TaskCompleted":
      case "AttemptEnded":
        if (event.type === "TaskCompleted") {
          const done = (event.output as { done?: unknown } | null)?.done;
          if (typeof done === "string" && done !== event.attemptId) {
            fail("P5", `${id}: the result of ${done} completed ${event.attemptId}`);
          }
          if (
            !witness.spoken(event.attemptId, event.agentId, lastSent.get(event.attemptId) ?? Number.NEGATIVE_INFINITY)
          )
            fail("P6", `${id}: ${event.attemptId} completed, but nobody said so`);
        } else checkEnding(id, event, before, Number(row["at"]));
        if (open?.phase !== "dispatched" || open.attempt !== event.attempt || open.agentId !== event.agentId) {
          fail("P5", `${id}: ${event.type} of attempt ${event.attemptId}, which is not in flight`);
        }
        break;
      case "LateResultRecorded":
        if (open?.phase === "dispatched" && open.attempt === event.attempt && open.agentId === event.from) {
          fail("P7", `${id}: a result for the open attempt ${event.attemptId} was kept as late`);
        }
        break;
      default:
        break;
    }
    if (TERMINAL.has(event.type) && "n" in event) folded.terminalTasks.add(event.n);
    if (event.type === "SessionCompleted" || event.type === "SessionFailed" || event.type === "SessionCancelled") {
      folded.ended = true;
      if (event.type === "SessionCompleted" && before !== null && before.open.length > 0) {
        fail("P6", `${id}: completed with open tasks`);
      }
    }
    folded.state = evolve(before, event, { seq: folded.seq, at: Number(row["at"]) });
    if (before !== null && folded.state.definition !== before.definition) fail("P11", `${id}: definition changed`);
    if (event.type === "LateResultRecorded" && before !== null) {
      const [a, b] = [
        { ...before, updatedAt: 0 },
        { ...folded.state, updatedAt: 0 },
      ];
      if (JSON.stringify(a) !== JSON.stringify(b)) fail("P7", `${id}: a late result changed the state`);
    }
  };

  const readLog = (): void => {
    for (const row of db.query("SELECT * FROM log WHERE pos > ? ORDER BY pos", pos)) {
      pos = Number(row["pos"]);
      const stream = text(row, "stream");
      if (stream.startsWith("agent:") || stream === "audit") {
        const last = agentStreams.get(stream) ?? { seq: 0, hash: "" };
        agentStreams.set(stream, last);
        chain(row, last);
        continue;
      }
      const folded: Folded = sessions.get(stream) ?? {
        state: null,
        seq: 0,
        hash: "",
        terminalTasks: new Set(),
        ended: false,
      };
      sessions.set(stream, folded);
      chain(row, folded);
      for (const event of JSON.parse(text(row, "events")) as SessionEvent[]) step(stream, folded, event, row);
    }
  };

  const bodyOf = (state: SessionState): string => {
    const { workflowId, revision, hash } = state.definition;
    const known = bodies.get(hash);
    if (known !== undefined) return known;
    const [row] = db.query(
      "SELECT body FROM workflows WHERE workflow_id = ? AND revision = ? AND hash = ?", workflowId, revision, hash,
    ); // prettier-ignore
    if (row === undefined) {
      fail("P11", `${state.id}: its definition ${workflowId}@${revision} is missing`);
      return "";
    }
    bodies.set(hash, text(row, "body"));
    return text(row, "body");
  };

  /** P4: rows are a cache of the log. P10: an open session has a timer no later than the earliest thing due. */
  const compareSessions = (): void => {
    const rows = db.query("SELECT id, head, seq, hash, status, needs, due_at FROM sessions");
    if (rows.length < sessions.size) fail("P2", `${sessions.size - rows.length} logs without a head`);
    for (const row of rows) {
      const id = text(row, "id");
      const folded = sessions.get(id);
      look("P2", "P4");
      if (folded?.state == null) {
        fail("P2", `${id}: a head without a log`);
        continue;
      }
      const { state } = folded;
      // The state is the same object until another log row is folded, so its texts are compared once.
      const rowTexts = `${text(row, "head")} ${text(row, "needs")}`;
      const known = folded.compared;
      const same = known?.state === state && known.texts === rowTexts;
      folded.compared = { state, texts: rowTexts };
      if (!same && text(row, "head") !== JSON.stringify(state))
        fail("P4", `${id}: the head is not the fold of its log`);
      if (Number(row["seq"]) !== folded.seq || row["hash"] !== folded.hash)
        fail("P4", `${id}: seq or hash of the head`);
      if (row["status"] !== storedStatus(state)) fail("P4", `${id}: stored status ${text(row, "status")}`);
      const body = bodyOf(state);
      if (body === "") continue;
      const graph = graphs.of(state.definition.hash, body);
      if (!same && text(row, "needs") !== JSON.stringify(needsOf(state, graph))) fail("P4", `${id}: needs`);
      const due = row["due_at"] === null ? null : Number(row["due_at"]);
      if (state.status !== "open") continue;
      look("P10");
      if (state.open.length === 0) fail("P10", `${id}: open without a task`);
      if (state.paused !== undefined) continue;
      const isBegun = (task: OpenTask): boolean => task.phase === "child" && sessions.has(task.sessionId);
      const waitsForOthers = state.open.every(
        (task) => task.phase === "awaiting" || task.phase === "mapping" || isBegun(task),
      );
      if (due === null && !waitsForOthers) fail("P10", `${id}: open without a timer`);
      if (due !== null && due > (state.deadlineAt ?? Infinity) && state.failing === undefined)
        fail("P10", `${id}: timer ${due} is later than the session's deadline`);
      for (const task of state.open) {
        const { timeout, retry } = workOf(graph, task);
        const latest =
          task.phase === "waiting"
            ? task.since + timeout.queueMs
            : task.phase === "backoff"
              ? task.retryAt
              : task.phase === "sleeping"
                ? task.until
                : task.phase === "dispatched"
                  ? task.sentAt + (task.frozenMs ?? 0) + timeout.runMs
                  : task.phase === "calling" || (task.phase === "child" && !isBegun(task))
                    ? task.leaseUntil
                    : task.phase === "awaiting"
                      ? (task.until ?? Infinity)
                      : Infinity;
        if (due !== null && due > latest) fail("P10", `${id}: timer ${due} is later than ${latest} (${task.phase})`);
        const { maxAttempts } = retry;
        if (task.used >= maxAttempts) fail("P5", `${id}: task ${task.n} is open with all ${maxAttempts} attempts used`);
      }
    }
  };

  const heldTexts = new Map<string, readonly string[]>();
  /** The attempts in an agent's row; it is parsed once. */
  const heldIn = (tasks: string): readonly string[] => {
    const known = heldTexts.get(tasks);
    if (known !== undefined) return known;
    const entries = Object.entries(JSON.parse(tasks) as Record<string, InFlight>);
    for (const [id, { lastSentMicros }] of entries) if (lastSentMicros !== null) lastSent.set(id, lastSentMicros);
    const ids = entries.map(([id]) => id);
    heldTexts.set(tasks, ids);
    return ids;
  };

  const compareAgents = (): void => {
    const held = new Map<string, Set<string>>();
    const waiting = new Set<string>();
    for (const { state } of sessions.values()) {
      for (const task of state?.open ?? []) {
        if (state === null) continue;
        if (task.phase === "dispatched") {
          const set = held.get(task.agentId) ?? new Set();
          held.set(task.agentId, set.add(attemptIdOf(state.id, task.n, task.attempt)));
        }
        if (task.phase === "waiting" && state.paused === undefined)
          waiting.add(`${task.queue} ${orderOf(task)} ${taskIdOf(state.id, task.n)}`);
      }
    }
    for (const row of db.query("SELECT id, tasks, capacity FROM agents")) {
      const tasks = heldIn(text(row, "tasks"));
      const own = held.get(text(row, "id")) ?? new Set<string>();
      if (tasks.length !== own.size || tasks.some((id) => !own.has(id))) {
        fail("P4", `agent ${text(row, "id")} holds [${tasks.join(" ")}], its sessions say [${[...own].join(" ")}]`);
      }
      look("P4", "L2");
      if (tasks.length > Number(row["capacity"])) fail("L2", `agent ${text(row, "id")} holds more than it can`);
      held.delete(text(row, "id"));
    }
    for (const [id] of held) fail("P4", `agent ${id} is not stored but holds attempts`);
    const rows = db.query("SELECT queue, order_key, task_id FROM waiting_tasks");
    for (const row of rows) {
      const key = `${text(row, "queue")} ${text(row, "order_key")} ${text(row, "task_id")}`;
      if (!waiting.delete(key)) fail("P4", `waiting row without a waiting task: ${key}`);
    }
    for (const key of waiting) fail("P10", `a waiting task without a row: ${key}`);
  };

  return {
    violations,
    sessions,
    calls: flow.calls,
    kept: flow.kept,
    kinds,
    checked,
    delays,
    get open() {
      return [...sessions.values()].filter(({ state }) => state?.status === "open").length;
    },
    get events() {
      return events;
    },
    get version() {
      return version;
    },
    afterWrite: () => {
      version += 1;
      readLog();
      compareSessions();
      compareAgents();
    },
  };
};
