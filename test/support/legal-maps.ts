import type { Json } from "../../src/core/json.ts";
import type { SessionEvent } from "../../src/core/session/events.ts";
import { expect, fail, FULL_ROW_BYTES, itemsOf, type Book, type Fate, type Open } from "./legal-book.ts";
import { render, same, type Known } from "./naive-data.ts";

type Entered = Extract<SessionEvent, { type: "TaskEntered" }>;

const DEFAULT_CONCURRENCY = 10;
const MAX_BYTES = 256 * 1024;
/** Items of all maps of a session that may be open at once. */
const MAX_OPEN = 200;
export const MAX_TASKS = 10_000;

const placesOf = (book: Book, taskId: string): number => book.graph.task(taskId)?.maxConcurrency ?? DEFAULT_CONCURRENCY;

const openItems = ({ open }: Book): number => [...open.values()].filter(({ item }) => item !== null).length;

/** What a map goes over, as its author wrote it. */
export const expectItems = (book: Book, { taskId, items }: Entered): void => {
  const given = render(book.graph.task(taskId)?.forEach ?? [], book.known);
  if (given === "fault") expect(book, items === undefined, `${taskId} has items, but its list cannot be rendered`);
  expect(book, (items?.length ?? 0) <= 1_000, `${taskId} has more than 1,000 items`);
  if (typeof given === "string") return;
  const { value } = given;
  const list = Array.isArray(value) && value.length <= 1_000 ? (value as readonly Json[]) : undefined;
  expect(book, same(list, items), `${taskId} goes over ${JSON.stringify(items)}, not ${JSON.stringify(list)}`);
};

/** Whether an item may be entered now; with what it knows besides. */
export const enterItem = (book: Book, { taskId, of, index }: Entered): Known | null => {
  const owner = book.open.get(of ?? 0);
  if (owner?.map == null || owner.taskId !== taskId) {
    fail(book, `an item of ${taskId} (${of}) is entered, which is no open map`);
    return null;
  }
  const { map } = owner;
  expect(book, index === map.next && index < map.items.length, `item ${index} of ${taskId} after ${map.next - 1} of ${map.items.length}`); // prettier-ignore
  const busy = itemsOf(book, owner.n).length;
  expect(book, busy < placesOf(book, taskId), `${busy + 1} items of ${taskId} are open at once`);
  expect(book, openItems(book) < MAX_OPEN, `more than ${MAX_OPEN} items are open at once`);
  expect(book, map.doom === null, `item ${index} of ${taskId} is entered after one has failed the map`);
  const doomed = book.undoing === null && book.doom.size > 0;
  expect(book, !doomed, `item ${index} of ${taskId} comes after ${[...book.doom.keys()].join()} failed the session`);
  map.next += 1;
  const item = map.items[index ?? 0] ?? null;
  return Object.create(book.known, { item: { value: item }, index: { value: index ?? 0 } }) as Known;
};

/** An item has ended, and its map takes note of it. */
export const endItem = (book: Book, item: Open, how: Fate, output: Json, failure: string | null): void => {
  const { of, index } = item.item!;
  const map = book.open.get(of)?.map;
  if (how === "cancelled") {
    book.cut.add(of);
    return;
  }
  if (map == null) return fail(book, `item ${index} of ${item.taskId} outlives its map`);
  map.outputs[index] = output;
  map.done += 1;
  map.doom ??= failure;
};

const gathered = ({ map }: Open): readonly Json[] => map!.items.map((_, index) => map!.outputs[index] ?? null);

const bytesOf = (open: Open): number =>
  Buffer.byteLength(JSON.stringify((open.map?.outputs ?? []).filter((one) => one !== undefined)));

/** A map is done: every item once, their outputs in their order. */
export const completeMap = (book: Book, open: Open, output: Json): void => {
  const { map, taskId } = open;
  if (map === null) return fail(book, `${taskId} is no map and gathers`);
  const all = map.items.length;
  expect(book, map.next === all && map.done === all, `map ${taskId} is done with ${map.done} of ${all} items`);
  expect(book, map.doom === null, `map ${taskId} is done, but an item has failed it`);
  const wanted = gathered(open);
  expect(book, same(output, wanted), `map ${taskId} gathers ${JSON.stringify(output)}, not ${JSON.stringify(wanted)}`);
};

/** Whether a map may fail of that. */
export const mapMayFail = (book: Book, open: Open, code: string): boolean => {
  const { map } = open;
  if (map === null) return false;
  if (map.doom !== null) return map.doom === code;
  if (code === "limit_output") return bytesOf(open) > MAX_BYTES;
  return code === "limit_tasks" && book.count >= MAX_TASKS;
};

/** A task that ends takes no open item with it that was not cancelled before. */
export const closeMap = (book: Book, open: Open): void => {
  if (open.map === null) return;
  const left = itemsOf(book, open.n).length;
  expect(book, left === 0, `map ${open.taskId} ends with ${left} of its items open`);
};

/** What should have happened to the maps in a row, and did not. */
export const settleMaps = (book: Book): void => {
  for (const of of book.cut) {
    if (of === 0) continue;
    const open = book.open.get(of);
    expect(book, open === undefined, `items of ${open?.taskId} are cancelled, but it goes on`);
  }
  for (const { n, map, taskId } of book.open.values()) {
    if (map === null) continue;
    const all = map.items.length;
    expect(book, map.doom === null, `map ${taskId} goes on after an item has failed it`);
    // A long row leaves the rest to the next.
    if (book.rowBytes > FULL_ROW_BYTES) continue;
    expect(book, map.done < all, `map ${taskId} is not done, but all of its items are`);
    const busy = itemsOf(book, n).length;
    const full = map.next === all || busy === placesOf(book, taskId) || openItems(book) >= MAX_OPEN;
    expect(book, full, `map ${taskId} has a free place, and item ${map.next} was not entered`);
  }
};
