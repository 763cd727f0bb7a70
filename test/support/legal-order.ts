import type { JsonObject } from "../../src/core/json.ts";
import type { SessionEvent } from "../../src/core/session/events.ts";
import { expect, isKnown, typeOf, type Book, type Open } from "./legal-book.ts";
import { enterItem, expectItems } from "./legal-maps.ts";
import { holds, render, same, type Given, type Known } from "./naive-data.ts";

type Of<T extends SessionEvent["type"]> = Extract<SessionEvent, { type: T }>;
type Way = "open" | "live" | "dead";

const wayFrom = ({ fate, awaiting, graph, chosen }: Book, from: string, to: string, isChosen: boolean): Way => {
  const ended = fate.get(from);
  if (ended === undefined || ended === "cancelled" || awaiting.has(from)) return "open";
  if (ended === "dead") return "dead";
  if (ended === "failed" && !graph.isTolerated(from)) return "open";
  if (!isChosen) return "live";
  return chosen.has(from) ? (chosen.get(from) === to ? "live" : "dead") : "open";
};

/** What is to become of a task now, by the ways that lead to it. */
export const turnOf = (book: Book, taskId: string): "enter" | "dead" | "wait" => {
  const ways = book.graph.before(taskId).map((one) => wayFrom(book, one.taskId, taskId, one.chosen));
  const live = ways.includes("live");
  if (book.graph.task(taskId)?.join === "any" && live) return "enter";
  if (ways.includes("open")) return "wait";
  return live || ways.length === 0 ? "enter" : "dead";
};

/** Why a task may not begin (or be skipped by its condition) now. */
const whyNot = (book: Book, taskId: string): string | null => {
  const { graph, undoing, open, doom, awaiting } = book;
  if (graph.task(taskId) === undefined) return "is not in the definition";
  if (isKnown(book, taskId)) return "was entered or skipped before";
  if (undoing !== null) {
    if (undoing.left[0] !== taskId) return `comes while ${undoing.left[0] ?? "nothing"} is to undo the session`;
    return open.size > 0 ? "begins while another task is open and the session is undone" : null;
  }
  if (doom.size > 0) return `comes after ${[...doom.keys()].join()} has failed the session`;
  const owner = graph.ownerOf(taskId);
  if (owner !== undefined) return awaiting.has(owner) ? null : `is a fallback, but ${owner} has not failed`;
  if (graph.isCompensation(taskId)) return "is a compensation, but nothing is undone";
  const turn = turnOf(book, taskId);
  return turn === "enter" ? null : `is not to be entered: ${turn}`;
};

const number = (book: Book, taskId: string, n: number): void => {
  expect(book, n === book.count + 1, `${taskId} has the number ${n} after ${book.count}`);
  book.count = n;
};

const conditionOf = ({ graph, known }: Book, taskId: string): boolean | null => {
  const when = graph.task(taskId)?.when;
  return when === undefined ? true : holds(when, known);
};

const undone = (book: Book, taskId: string): void => {
  const { undoing } = book;
  if (undoing?.left[0] === taskId) book.undoing = { ...undoing, left: undoing.left.slice(1) };
};

/** What a task of any type is told, as its author wrote it. */
const templateOf = ({ work }: Pick<Open, "work">): JsonObject => {
  switch (typeOf(work)) {
    case "http": {
      const { url = "", body, headers = {} } = work;
      const method = work.method ?? (body === undefined ? "GET" : "POST");
      return { url, method, headers, ...(body === undefined ? {} : { body }) };
    }
    case "wait": {
      const { for: long, until } = work as { for?: string; until?: string };
      return long === undefined ? { until: until ?? "" } : { for: long };
    }
    case "map":
      return {};
    default:
      return work.parameters ?? {};
  }
};

/** A first task gets the input over its own parameters, but for what the engine does by itself. */
const isGivenInput = ({ graph }: Book, taskId: string, type: string): boolean =>
  graph.main.includes(taskId) && graph.before(taskId).length === 0 && !["wait", "http", "map"].includes(type);

const expectParameters = (book: Book, event: Of<"TaskEntered">, given: Given, work: Open["work"]): void => {
  const edited = (event.of === undefined && book.from === event.taskId && book.source?.parameters) || {};
  if (given === "no telling") {
    const isEdited = Object.entries(edited).every(([key, value]) => same(event.parameters[key], value));
    const isRendered = Object.keys(event.parameters).length > 0;
    return expect(book, isEdited || !isRendered, `${event.taskId} is not given what the request laid over it`);
  }
  const isFirst = event.of === undefined && isGivenInput(book, event.taskId, typeOf(work));
  const input = isFirst ? book.input : {};
  const wanted = given === "fault" ? {} : { ...(given.value as JsonObject), ...input, ...edited };
  expect(
    book,
    given === "fault" || same(event.parameters, wanted),
    `${event.taskId} is given ${JSON.stringify(event.parameters)}, not ${JSON.stringify(wanted)}`,
  );
};

/** Whether what was entered cannot be rendered; `null`: no telling. */
const brokenBy = (given: Given): boolean | null =>
  typeof given === "object" ? false : given === "fault" ? true : null;

const enterMain = (book: Book, event: Of<"TaskEntered">): void => {
  const { taskId } = event;
  const why = whyNot(book, taskId);
  expect(book, why === null, `${taskId} ${why}`);
  expect(book, conditionOf(book, taskId) !== false, `${taskId} is entered, but its condition does not hold`);
  undone(book, taskId);
  book.entered.add(taskId);
};

/** A task or an item of a map is entered. */
export const enter = (book: Book, event: Of<"TaskEntered">): void => {
  const { taskId, n, of, index, items } = event;
  const task = book.graph.task(taskId);
  let known: Known | null = book.known;
  if (of === undefined) enterMain(book, event);
  else known = enterItem(book, event);
  number(book, taskId, n);
  if (task === undefined || known === null) return;
  const isMap = of === undefined && task.type === "map";
  if (isMap) expectItems(book, event);
  const work = of === undefined ? task : (task.task ?? {});
  const given = render(templateOf({ work }), known);
  expectParameters(book, event, given, work);
  const priority = work.priority ?? book.document.defaults?.priority ?? 50;
  expect(book, (event.priority ?? 50) === priority, `${taskId} has the priority ${event.priority}, not ${priority}`);
  book.open.set(n, {
    taskId,
    n,
    work,
    row: book.row,
    item: of === undefined ? null : { of, index: index ?? 0 },
    map: isMap && items !== undefined ? { items, outputs: [], next: 0, done: 0, doom: null } : null,
    broken: isMap ? items === undefined : brokenBy(given),
    attempt: 0,
    used: 0,
    flight: null,
    rest: isMap && items !== undefined ? { kind: "mapping" } : { kind: "idle" },
    rejectedBy: new Set(),
    last: null,
  });
};

/** A task is left out: nothing leads to it, or its condition does not hold. */
export const skip = (book: Book, { taskId, n, reason }: Of<"TaskSkipped">): void => {
  const dead = reason === "not_reached";
  if (dead) {
    const isMain = book.graph.main.includes(taskId) && !isKnown(book, taskId);
    expect(book, isMain && turnOf(book, taskId) === "dead", `${taskId} is skipped, but it can be reached`);
  } else {
    const why = whyNot(book, taskId);
    expect(book, why === null && reason === "condition", `${taskId} ${why ?? `is skipped by ${reason}, not open`}`);
    expect(book, conditionOf(book, taskId) !== true, `${taskId} is skipped, but its condition holds`);
  }
  number(book, taskId, n);
  undone(book, taskId);
  book.fate.set(taskId, dead ? "dead" : "skipped");
};

/** A task that nothing stands in for any more has failed. */
export const failedForGood = (book: Book, taskId: string, code: string): void => {
  if (book.undoing === null && !book.graph.isTolerated(taskId)) book.doom.set(taskId, code);
};

/** The fallback of a failed task is done, and stands for it. */
export const endFallback = (book: Book, { taskId, by, status }: Of<"FallbackEnded">): void => {
  const { fate, awaiting, graph, outputs } = book;
  const expected = fate.get(by) === "completed" ? "completed" : "failed";
  const isOpen = [...book.open.values()].some((one) => one.taskId === by);
  const isDone = isKnown(book, by) && !awaiting.has(by) && !isOpen;
  expect(book, awaiting.delete(taskId), `${taskId} does not wait for a fallback`);
  const isIts = graph.task(taskId)?.fallbackTaskId === by && isDone;
  expect(book, isIts, `${by} has not ended in the place of ${taskId}`);
  expect(book, status === expected, `${by} ${expected}, but ${taskId} takes it as ${status}`);
  if (status === "completed") {
    fate.set(taskId, "completed");
    outputs.set(taskId, outputs.get(by) ?? null);
    book.completedIn.set(taskId, book.row);
  } else if (fate.get(by) === "skipped") failedForGood(book, taskId, book.failedOf.get(taskId) ?? "");
};

/** Which way goes on after a task. */
export const choose = (book: Book, { taskId, chose }: Of<"ChoiceMade">): void => {
  const { graph, known, fate, chosen } = book;
  const ways = graph.task(taskId)?.next ?? [];
  const mayChoose = isKnown(book, taskId) && known.status(taskId) !== undefined && fate.get(taskId) !== "dead";
  expect(book, ways.length > 0 && mayChoose && !chosen.has(taskId), `${taskId} has nothing to choose`);
  const told = ways.map((way) => (way.when === undefined ? true : holds(way.when, known)));
  const first = told.findIndex((one) => one !== false);
  const is = ways.findIndex((way, i) => (way.taskId ?? null) === chose && told[i] !== false);
  const right = first === -1 ? chose === null : told[first] === null ? chose === null || is >= first : is === first;
  expect(book, right, `${taskId} chooses ${chose}, which its conditions do not say`);
  chosen.set(taskId, chose);
};

/** What should have followed the ends of tasks in a row, and did not. */
export const settleOrder = (book: Book): void => {
  const { doom, awaiting, graph, fate, chosen } = book;
  expect(book, doom.size === 0, `goes on after ${[...doom.keys()].join()} has failed it`);
  for (const taskId of awaiting) {
    const isBegun = isKnown(book, graph.task(taskId)?.fallbackTaskId ?? "");
    expect(book, isBegun, `${taskId} has failed, and its fallback is not entered`);
  }
  for (const taskId of graph.main) {
    const ended = fate.get(taskId);
    const chooses = graph.task(taskId)?.next !== undefined && ended !== undefined && ended !== "dead";
    expect(book, !chooses || awaiting.has(taskId) || chosen.has(taskId), `nothing was chosen after ${taskId}`);
    const turn = isKnown(book, taskId) ? "wait" : turnOf(book, taskId);
    expect(book, turn === "wait", `${taskId} was to ${turn}`);
  }
};
