import type { Random } from "./random.ts";

/** How an agent behaves. Rates are per task. */
export interface Temper {
  readonly kind: string;
  readonly workMs: readonly [number, number];
  /** Works inside the request and answers at the end. */
  readonly holds: boolean;
  /** Reports *working* when it starts; else together with the end. */
  readonly prompt: boolean;
  readonly ids: boolean;
  /** Sends the two reports of the end in the wrong order. */
  readonly swaps: boolean;
  readonly settles: "report" | "call";
  readonly beats: boolean;
  readonly fails: number;
  readonly rejects: number;
  readonly breaks: number;
  readonly crashes: number;
  /** When it crashes after it was given a task, and how soon it is back (ms); else some time while it works. */
  readonly crashAt?: readonly [number, number];
  readonly backAfterMs: readonly [number, number];
  readonly lies: number;
  /** After a task it is out of service for a while, says so, and says when it is back. */
  readonly moods: number;
  readonly repeats: number;
  /** Sends two reports late that it should have sent before its last. */
  readonly echoes: number;
  readonly clockOffsetMs: number;
  /** How many tasks it takes at once; only agents that name their tasks take several. */
  readonly places: number;
}

export const plain: Temper = {
  kind: "fast", workMs: [20, 2_000], holds: false, prompt: true, ids: true, swaps: false, settles: "report", beats: false,
  fails: 0, rejects: 0, breaks: 0, crashes: 0, lies: 0, moods: 0, repeats: 0, echoes: 0, clockOffsetMs: 0, places: 1,
  backAfterMs: [3_000, 60_000],
}; // prettier-ignore

/** `kind`: of this one only. */
export const drawTemper = (random: Random, calm: boolean, mayBeAhead = true, only?: string): Temper => {
  const kinds: readonly Partial<Temper>[] = [
    { kind: "fast" },
    { kind: "fast", ids: false },
    { kind: "slow", workMs: [4_000, 40_000] },
    { kind: "aware", holds: true, prompt: false, ids: false, swaps: random.chance(0.4) },
    { kind: "silent", workMs: [8_000, 70_000], prompt: false, ids: random.chance(0.5), holds: random.chance(0.3) },
    { kind: "instant", workMs: [0, 10], ids: random.chance(0.7), prompt: random.chance(0.5) },
    { kind: "instant", workMs: [0, 10], settles: "call" },
    { kind: "echoing", ids: false, echoes: 0.7, workMs: [500, 5_000] },
    { kind: "moody", moods: 0.5 },
    // Back, or done, within the moment in which its task's timer fires and is set anew.
    {
      kind: "relapsing",
      crashes: 0.4,
      workMs: random.chance(0.3) ? [40_000, 200_000] : [29_000, 35_000],
      crashAt: [28_000, 35_000],
      // Not within the same second: AgentKit's facts are ordered by seconds.
      backAfterMs: [1_000, 1_200],
    },
    { kind: "crashing", crashes: 0.4, workMs: [500, 20_000] },
    { kind: "caller", settles: "call", beats: random.chance(0.5), workMs: [500, 20_000] },
    { kind: "zombie", workMs: [60_000, 300_000] },
    { kind: "failing", fails: 0.4 },
    { kind: "refusing", rejects: 0.3, breaks: 0.2 },
    { kind: "liar", lies: 0.7, repeats: 0.5 },
  ];
  const drawn = random.pick(
    only === undefined ? (calm ? kinds.slice(0, 12) : kinds) : kinds.filter(({ kind }) => kind === only),
  );
  return {
    ...plain,
    ...drawn,
    places: (drawn.ids ?? plain.ids) && random.chance(0.25) ? 2 : 1,
    clockOffsetMs: random.chance(0.7) ? 0 : Math.round(random.between(-200_000, mayBeAhead ? 200_000 : 0)),
  };
};
