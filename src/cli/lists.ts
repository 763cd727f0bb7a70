import type { Command } from "commander";
import type { PageAnswer } from "../contract/answers/lists.ts";
import type { Paged, PageQuery } from "../sdk/pages.ts";
import type { Context } from "./context.ts";
import { positive } from "./inputs.ts";
import { table } from "./text.ts";

/** What every list takes. */
export interface ListOptions {
  readonly limit: number;
  readonly cursor?: string;
  readonly all?: boolean;
}

/** A column of a table: its name, and what it shows of a row. */
export type Column<T> = readonly [name: string, show: (row: T) => string];

/** Adds the options of lists. */
export const withPages = (command: Command): Command =>
  command
    .option("--limit <rows>", "rows at most", positive, 50)
    .option("--cursor <cursor>", "go on where an earlier page ended")
    .option("--all", "all rows");

const PAGE = 200;

/** Rows up to the limit, over as many pages as that takes: a page may be short and not be the last. */
const collect = async <T>(
  list: (query: PageQuery) => Paged<T>,
  { limit, cursor, all = false }: ListOptions,
): Promise<PageAnswer<T>> => {
  const data: T[] = [];
  let next = cursor ?? null;
  do {
    const wanted = all ? PAGE : Math.min(PAGE, limit - data.length);
    const page = await list({ limit: wanted, ...(next === null ? {} : { cursor: next }) }).page();
    data.push(...page.data);
    next = page.nextCursor;
  } while (next !== null && (all || data.length < limit));
  return { data, nextCursor: next };
};

/** Prints a list: a page as the API has it, or a table. */
export const printList = async <T>(
  { printer }: Context,
  what: string,
  options: ListOptions,
  list: (query: PageQuery) => Paged<T>,
  columns: readonly Column<T>[],
): Promise<void> => {
  const page = await collect(list, options);
  printer.result(page, () =>
    page.data.length === 0
      ? ""
      : table(
          columns.map(([name]) => name),
          page.data.map((row) => columns.map(([, show]) => show(row))),
          printer.paint,
        ),
  );
  if (printer.json) return;
  if (page.data.length === 0) printer.note(`No ${what}.`);
  if (page.nextCursor !== null) printer.note(`There are more: --cursor ${page.nextCursor}`);
};
