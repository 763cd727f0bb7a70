import type { VerifyRun } from "./verify.ts";

const PAGE = 1_000;

/**
 * Places in the order of all commits are 1..n: a row that is gone leaves a gap, also where its whole stream and whatever
 * was guarded by it are gone with it. Rows of the log are never deleted; whoever makes that possible must note it here.
 */
export const checkPositions = async ({ store, tell }: VerifyRun): Promise<void> => {
  for (let last = 0; ;) {
    const page = await store.positions(last, PAGE);
    for (const pos of page) {
      const missing = pos - last - 1;
      if (missing > 0) {
        const rows = missing === 1 ? "1 row is" : `${missing} rows are`;
        tell({ where: "log", seq: last + 1, message: `${rows} missing before place ${pos} in the order of commits` });
      }
      last = pos;
    }
    if (page.length < PAGE) return;
  }
};
