// Length: one interpreter; a rule for each type of event, over one set of variables.
import type { JsonObject } from "../../src/core/json.ts";
import type { SessionEvent } from "../../src/core/session/events.ts";
import { parseDuration } from "../../src/core/workflow/duration.ts";
import type { AuthoredDefinition } from "../../src/core/workflow/normalise.ts";
import { holds, naiveGraph, type Known } from "./naive-graph.ts";

/** One commit of a session's log. */
export interface Row {
  readonly at: number;
  readonly events: readonly SessionEvent[];
}

type Fate = "completed" | "failed" | "skipped" | "dead" | "cancelled";

interface Open {
  readonly taskId: string;
  /** The attempt in flight. */
  attempt: number | null;
  slept: { readonly until: number; readonly fixed: boolean; readonly at: number; readonly stood: number } | null;
}

/**
 * What is wrong with a log as an execution of its definition: nothing, if it is a legal one. A naive interpreter of the
 * language (WORKFLOWS.md), which knows nothing of how the engine works: it goes through the log event by event, and
 * says at the end of each row what should have happened in it and did not. Pure.
 */
export const violationsOf = (document: AuthoredDefinition, rows: readonly Row[]): readonly string[] => {
  const graph = naiveGraph(document);
  const violations: string[] = [];
  const fate = new Map<string, Fate>();
  const openTasks = new Map<number, Open>();
  const entered = new Set<string>();
  /** Failed, and its fallback is not done. */
  const awaiting = new Set<string>();
  const chosen = new Map<string, string | null>();
  const completedIn = new Map<string, number>();
  /** Why the session must fail, by the task that made it. */
  const doom = new Map<string, string>();
  let input: JsonObject = {};
  let count = 0;
  let deadline = Infinity;
  let undoing: { readonly taskId: string | null; readonly code: string; left: readonly string[] } | null = null;
  let end: SessionEvent["type"] | null = null;
  let pausedAt: number | null = null;
  let stood = 0;
  let at = 0;
  let row = 0;

  const fail = (what: string): void => void violations.push(`row ${row + 1}: ${what}`);
  const expect = (ok: boolean, what: string): void => void (ok || fail(what));
  const standing = (): number => stood + (pausedAt === null ? 0 : at - pausedAt);
  const known: Known = {
    get input() {
      return input;
    },
    status: (taskId) => (awaiting.has(taskId) ? undefined : fate.get(taskId)?.replace("dead", "skipped")),
  };

  type Way = "open" | "live" | "dead";
  const wayFrom = (from: string, to: string, isChosen: boolean): Way => {
    const ended = fate.get(from);
    if (ended === undefined || ended === "cancelled" || awaiting.has(from)) return "open";
    if (ended === "dead") return "dead";
    if (ended === "failed" && !graph.isTolerated(from)) return "open";
    if (!isChosen) return "live";
    return chosen.has(from) ? (chosen.get(from) === to ? "live" : "dead") : "open";
  };
  const turn = (taskId: string): "enter" | "dead" | "wait" => {
    const before = graph.before(taskId);
    const ways = before.map((one) => wayFrom(one.taskId, taskId, one.chosen));
    const live = ways.includes("live");
    if (graph.task(taskId)?.join === "any" && live) return "enter";
    if (ways.includes("open")) return "wait";
    return live || ways.length === 0 ? "enter" : "dead";
  };
  const isKnown = (taskId: string): boolean => entered.has(taskId) || fate.has(taskId);

  /** Whether a task may begin (or be skipped by its condition) now. */
  const mayBegin = (taskId: string): string | null => {
    if (graph.task(taskId) === undefined) return "is not in the definition";
    if (isKnown(taskId)) return "was entered or skipped before";
    if (undoing !== null) {
      if (undoing.left[0] !== taskId) return `comes while ${undoing.left[0] ?? "nothing"} is to undo the session`;
      return openTasks.size > 0 ? "begins while another task is open and the session is undone" : null;
    }
    if (doom.size > 0) return `comes after ${[...doom.keys()].join()} has failed the session`;
    const owner = graph.ownerOf(taskId);
    if (owner !== undefined) return awaiting.has(owner) ? null : `is a fallback, but ${owner} has not failed`;
    if (graph.isCompensation(taskId)) return "is a compensation, but nothing is undone";
    return turn(taskId) === "enter" ? null : `is not to be entered: ${turn(taskId)}`;
  };

  /** A task that nothing stands in for any more has failed. */
  const failedForGood = (taskId: string, code: string): void => {
    if (undoing === null && !graph.isTolerated(taskId)) doom.set(taskId, code);
  };

  const openOf = (event: { readonly n: number; readonly taskId: string; readonly type: string }): Open | null => {
    const open = openTasks.get(event.n);
    if (open?.taskId === event.taskId) return open;
    fail(`${event.type} of ${event.taskId} (${event.n}), which is not open`);
    return null;
  };
  const close = (event: { readonly n: number; readonly taskId: string; readonly type: string }, how: Fate): void => {
    const open = openOf(event);
    expect(open === null || open.attempt === null, `${event.type} of ${event.taskId} with an attempt in flight`);
    openTasks.delete(event.n);
    fate.set(event.taskId, how);
    if (how === "completed") completedIn.set(event.taskId, row);
  };

  const expectedUndo = (): readonly string[] =>
    [...completedIn].flatMap(([taskId]) => graph.task(taskId)?.compensateWith ?? []);
  const undoneTask = (by: string) => document.tasks.find(({ compensateWith }) => compensateWith === by)?.taskId ?? "";

  /** Whether the session may fail now, of this. */
  const checkCause = (taskId: string | null, code: string): void => {
    if (taskId === null) {
      expect(code === "session_timeout" && at >= deadline && pausedAt === null, `fails of ${code} before its time`);
      return;
    }
    const next = graph.task(taskId)?.next;
    const unchosen = next !== undefined && fate.has(taskId) && fate.get(taskId) !== "dead" && !chosen.has(taskId);
    if (unchosen && !doom.has(taskId)) return;
    expect(doom.has(taskId), `fails of ${taskId}, which does not make it fail`);
    expect(doom.get(taskId) === code || !doom.has(taskId), `fails of ${code}, not ${doom.get(taskId)}`);
  };

  const step = (event: SessionEvent): void => {
    if (end !== null) return expect(event.type === "LateResultRecorded", `${event.type} after ${end}`);
    if (event.type === "SessionStarted") {
      expect(row === 0 && count === 0, "a second start");
      input = event.input;
      deadline = document.timeout === undefined ? Infinity : at + (parseDuration(document.timeout) ?? Infinity);
      return;
    }
    switch (event.type) {
      case "TaskEntered":
      case "TaskSkipped": {
        const { taskId, n } = event;
        if (event.type === "TaskSkipped" && event.reason === "operator" && openTasks.has(n)) {
          return close(event, "skipped");
        }
        const when = graph.task(taskId)?.when;
        const condition = when === undefined ? true : holds(when, known);
        const dead = event.type === "TaskSkipped" && event.reason === "not_reached";
        if (dead) {
          const isMain = graph.main.includes(taskId) && !isKnown(taskId);
          expect(isMain && turn(taskId) === "dead", `${taskId} is skipped, but it can be reached`);
        } else {
          const why = mayBegin(taskId);
          expect(why === null, `${taskId} ${why}`);
        }
        expect(n === count + 1, `${taskId} has the number ${n} after ${count}`);
        count = n;
        if (undoing?.left[0] === taskId) undoing = { ...undoing, left: undoing.left.slice(1) };
        if (event.type === "TaskEntered") {
          expect(condition !== false, `${taskId} is entered, but its condition does not hold`);
          entered.add(taskId);
          openTasks.set(n, { taskId, attempt: null, slept: null });
          return;
        }
        if (event.reason === "condition") expect(condition !== true, `${taskId} is skipped, but its condition holds`);
        fate.set(taskId, dead ? "dead" : "skipped");
        return;
      }
      case "TaskWaited":
        expect(openOf(event)?.attempt === null, `${event.taskId} waits with an attempt in flight`);
        return;
      case "DispatchRequested": {
        const open = openOf(event);
        expect(pausedAt === null, `${event.taskId} is dispatched in a pause`);
        expect(graph.task(event.taskId)?.type !== "wait", `${event.taskId} is a wait and is given to an agent`);
        expect(open?.attempt === (event.again ? event.attempt : null), `${event.taskId} has two attempts at once`);
        if (open !== null) open.attempt = event.attempt;
        return;
      }
      case "AttemptEnded":
      case "TaskCompleted": {
        const open = openOf(event);
        expect(open?.attempt === event.attempt, `${event.type} of attempt ${event.attempt}, not in flight`);
        if (open !== null) open.attempt = null;
        if (event.type === "TaskCompleted") close(event, "completed");
        return;
      }
      case "TaskSlept": {
        const open = openOf(event);
        expect(graph.task(event.taskId)?.type === "wait", `${event.taskId} is no wait and sleeps`);
        const ms = parseDuration(graph.task(event.taskId)?.for ?? "");
        expect(ms === null || event.until === at + ms, `${event.taskId} does not sleep for as long as it says`);
        if (open !== null) open.slept = { until: event.until, fixed: event.fixed, at, stood: standing() };
        return;
      }
      case "TaskResolved": {
        const slept = openOf(event)?.slept;
        if (event.by === "timer" && slept !== undefined) {
          expect(pausedAt === null, `${event.taskId} wakes up in a pause`);
          const rested = at - (slept === null || slept.fixed ? 0 : standing() - slept.stood);
          expect(slept !== null && rested >= slept.until, `${event.taskId} wakes up before its time`);
        }
        return close(event, "completed");
      }
      // Definitions with these are not drawn for it: calls, children, maps and people have tests of their own.
      case "CallRequested":
      case "CallFailed":
      case "ChildRequested":
      case "TaskAwaited":
      case "SignalReceived":
        return;
      case "TaskHurried":
        expect(openOf(event)?.attempt === null, `${event.taskId} is hurried with an attempt in flight`);
        return;
      case "TaskFailed": {
        const { taskId, instead } = event;
        const task = graph.task(taskId);
        const goesOn = task?.onFailure === "continue" || graph.isCompensation(taskId) ? "continue" : undefined;
        const expected = task?.fallbackTaskId == null ? goesOn : "fallback";
        expect(instead === expected, `${taskId} fails and then ${instead}, not ${expected}`);
        close(event, "failed");
        if (expected === "fallback") awaiting.add(taskId);
        else failedForGood(taskId, event.error.code);
        doomedBy.set(taskId, event.error.code);
        return;
      }
      case "FallbackEnded": {
        const { taskId, by, status } = event;
        const expected = fate.get(by) === "completed" ? "completed" : "failed";
        const isDone = isKnown(by) && !awaiting.has(by) && ![...openTasks.values()].some((one) => one.taskId === by);
        expect(awaiting.delete(taskId), `${taskId} does not wait for a fallback`);
        expect(graph.task(taskId)?.fallbackTaskId === by && isDone, `${by} has not ended in the place of ${taskId}`);
        expect(status === expected, `${by} ${expected}, but ${taskId} takes it as ${status}`);
        if (status === "completed") {
          fate.set(taskId, "completed");
          completedIn.set(taskId, row);
        } else if (fate.get(by) === "skipped") failedForGood(taskId, doomedBy.get(taskId) ?? "");
        return;
      }
      case "ChoiceMade": {
        const { taskId, chose } = event;
        const ways = graph.task(taskId)?.next ?? [];
        const mayChoose = isKnown(taskId) && known.status(taskId) !== undefined && fate.get(taskId) !== "dead";
        expect(ways.length > 0 && mayChoose && !chosen.has(taskId), `${taskId} has nothing to choose`);
        const told = ways.map((way) => (way.when === undefined ? true : holds(way.when, known)));
        const first = told.findIndex((one) => one !== false);
        const is = ways.findIndex((way, i) => (way.taskId ?? null) === chose && told[i] !== false);
        expect(
          first === -1 ? chose === null : told[first] === null ? chose === null || is >= first : is === first,
          `${taskId} chooses ${chose}, which its conditions do not say`,
        );
        chosen.set(taskId, chose);
        return;
      }
      case "TaskCancelled":
        return close(event, "cancelled");
      case "CompensationStarted": {
        expect(undoing === null && openTasks.size === 0, "is undone twice, or while tasks are open");
        checkCause(event.taskId, event.error.code);
        const rowsOf = event.tasks.map((by) => completedIn.get(undoneTask(by)) ?? -1);
        const isLastFirst = rowsOf.every((one, i) => i === 0 || one <= rowsOf[i - 1]!);
        const same = event.tasks.toSorted().join() === expectedUndo().toSorted().join();
        expect(same && isLastFirst && event.tasks.length > 0, `undoes ${event.tasks.join()}, not ${expectedUndo().join()} from the last`); // prettier-ignore
        undoing = { taskId: event.taskId, code: event.error.code, left: event.tasks };
        return;
      }
      case "SessionPaused":
        expect(pausedAt === null, "is paused twice");
        pausedAt ??= at;
        return;
      case "SessionResumed":
        expect(pausedAt !== null, "is resumed, but not paused");
        deadline += at - (pausedAt ?? at);
        stood = standing();
        pausedAt = null;
        return;
      case "DeadlineMoved":
        expect(at > deadline + 120_000 && event.until > at, "its deadline is moved, but it was not late");
        deadline = event.until;
        return;
      case "SessionCompleted": {
        const undone = graph.main.filter((taskId) => !fate.has(taskId));
        expect(undone.length === 0, `completes without ${undone.join()}`);
        expect(doom.size === 0 && undoing === null, "completes, but must fail");
        end = event.type;
        break;
      }
      case "SessionFailed":
        if (undoing === null) {
          checkCause(event.taskId, event.error.code);
          expect(expectedUndo().length === 0, `fails without undoing ${expectedUndo().join()}`);
        } else {
          expect(undoing.left.length === 0, `ends before ${undoing.left.join()} undid it`);
          const same = undoing.taskId === event.taskId && undoing.code === event.error.code;
          expect(same, `fails of ${event.error.code}, undone for ${undoing.code}`);
        }
        end = event.type;
        break;
      case "SessionCancelled":
        end = event.type;
        break;
      case "SessionWarned":
      case "LateResultRecorded":
        return;
    }
    const left = [...openTasks.values()].map(({ taskId }) => taskId);
    expect(left.length === 0, `${event.type} with ${left.join()} open`);
  };
  const doomedBy = new Map<string, string>();

  /** What should have followed in a row, and did not. */
  const settle = (events: readonly SessionEvent[]): void => {
    if (end !== null) return;
    expect(openTasks.size > 0, "nothing is open, and the session has not ended");
    expect(undoing !== null || doom.size === 0, `goes on after ${[...doom.keys()].join()} has failed it`);
    if (undoing !== null) return;
    expect(!events.some(({ type }) => type === "TaskCancelled"), "a task is cancelled, but the session goes on");
    for (const taskId of awaiting) {
      expect(
        isKnown(graph.task(taskId)?.fallbackTaskId ?? ""),
        `${taskId} has failed, and its fallback is not entered`,
      );
    }
    for (const taskId of graph.main) {
      const ended = fate.get(taskId);
      const chooses = graph.task(taskId)?.next !== undefined && ended !== undefined && ended !== "dead";
      expect(!chooses || awaiting.has(taskId) || chosen.has(taskId), `nothing was chosen after ${taskId}`);
      expect(isKnown(taskId) || turn(taskId) === "wait", `${taskId} was to ${turn(taskId)}`);
    }
  };

  for (const one of rows) {
    at = one.at;
    one.events.forEach(step);
    settle(one.events);
    row += 1;
  }
  return violations;
};
