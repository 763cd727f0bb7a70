import type { AuthoredDefinition } from "../../src/core/workflow/normalise.ts";
import type { Random } from "../sim/random.ts";
import { drawGraph, type DrawOptions, type DrawWork } from "./draw-graph.ts";

/**
 * A definition over the whole language after those that its child sessions run, which run those before them: save or
 * know them in this order. `depth` 1: without children, 3: children of children. Their ids begin with the last one's.
 */
export const drawFamily = (
  draw: Random,
  work: DrawWork,
  options: DrawOptions,
  depth: number,
): readonly AuthoredDefinition[] => {
  const { id, mains, outside } = options;
  const family: AuthoredDefinition[] = [];
  for (let left = depth - 1; left >= 0; left -= 1) {
    const children = [...(outside?.children ?? []), ...family.map((one) => one.id)];
    const { children: _, ...others } = outside ?? {};
    family.push(
      drawGraph(draw, work, {
        ...options,
        id: left === 0 ? id : `${id}-c${left}`,
        mains: left === 0 ? mains : Math.max(1, Math.ceil(mains / 2)),
        outside: children.length === 0 ? others : { ...others, children },
      }),
    );
  }
  return family;
};
