/**
 * Virtual time. Everything that happens is an event on one heap, ordered by time and then by a drawn key; between
 * two events every process of the world is parked at a port call, so the order is the seed's and nothing else's.
 */
interface Entry {
  readonly at: number;
  readonly key: number;
  readonly n: number;
  readonly run: () => unknown;
}

const before = (a: Entry, b: Entry): boolean =>
  a.at !== b.at ? a.at < b.at : a.key !== b.key ? a.key < b.key : a.n < b.n;

export class Scheduler {
  now: number;
  events = 0;
  readonly #heap: Entry[] = [];
  readonly #draw: () => number;
  readonly #broken: (error: unknown) => void;
  #count = 0;
  #running = 0;

  /** `broken` is told what a process threw. */
  constructor(now: number, draw: () => number, broken: (error: unknown) => void) {
    this.now = now;
    this.#draw = draw;
    this.#broken = broken;
  }

  /** Runs `run` at a virtual time (epoch ms), never before now. */
  at(time: number, run: () => unknown): void {
    const entry = { at: Math.max(time, this.now), key: this.#draw(), n: (this.#count += 1), run };
    const heap = this.#heap;
    heap.push(entry);
    let i = heap.length - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!before(entry, heap[parent]!)) break;
      heap[i] = heap[parent]!;
      i = parent;
    }
    heap[i] = entry;
  }

  after(ms: number, run: () => unknown): void {
    this.at(this.now + ms, run);
  }

  /** A process: code that runs until it parks or ends. */
  spawn(body: () => Promise<void>): void {
    this.#running += 1;
    void body()
      .catch(this.#broken)
      .finally(() => {
        this.#running -= 1;
      });
  }

  /** Parks the calling process until the returned `resume` is called; if never, the process is gone. */
  park<T>(start: (resume: (value: T) => void, fail: (error: unknown) => void) => void): Promise<T> {
    this.#running -= 1;
    return new Promise<T>((resolve, reject) => {
      start(
        (value) => {
          this.#running += 1;
          resolve(value);
        },
        (error) => {
          this.#running += 1;
          reject(error instanceof Error ? error : new Error(String(error)));
        },
      );
    });
  }

  get nextAt(): number | null {
    return this.#heap[0]?.at ?? null;
  }

  /** Runs events until `until` (virtual time), or until `stop` says so, or nothing is left. */
  async run(until: number, stop: () => boolean): Promise<void> {
    for (;;) {
      const top = this.#heap[0];
      if (top === undefined || top.at > until || stop()) break;
      this.#pop();
      this.now = Math.max(this.now, top.at);
      this.events += 1;
      await top.run();
      await this.#idle();
    }
    if (!stop()) this.now = Math.max(this.now, until);
  }

  async #idle(): Promise<void> {
    for (let spins = 0; this.#running > 0; spins += 1) {
      if (spins > 1_000_000) throw new Error("a process neither parks nor ends");
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child += 1;
      if (!before(heap[child]!, last)) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = last;
  }
}
