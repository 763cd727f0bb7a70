interface Entry {
  readonly at: number;
  readonly keeps: boolean;
  readonly run: () => Promise<void> | void;
}

/** Virtual time: what happens is an entry, run to its end before the next; equal times go in the order they were made. */
export class Timeline {
  now: number;
  #entries: Entry[] = [];
  #keeping = 0;

  constructor(now: number) {
    this.now = now;
  }

  /** Something that a client, an agent or the network has still to do. */
  after(ms: number, run: () => Promise<void> | void): void {
    this.#add({ at: this.now + ms, keeps: true, run });
  }

  /** Something that goes on for ever, or that nobody waits for: it does not keep the world going. */
  aside(ms: number, run: () => Promise<void> | void): void {
    this.#add({ at: this.now + ms, keeps: false, run });
  }

  /** Whether nobody has anything to do any more. */
  get isOver(): boolean {
    return this.#keeping === 0;
  }

  /** Runs the next entry; false: there is none before `until` (epoch ms). */
  async step(until: number): Promise<boolean> {
    const next = this.#entries.shift();
    if (next === undefined || next.at > until) return false;
    this.now = next.at;
    await next.run();
    // Only now: what it adds itself counts before it is gone.
    if (next.keeps) this.#keeping -= 1;
    return true;
  }

  #add(entry: Entry): void {
    if (entry.keeps) this.#keeping += 1;
    const later = this.#entries.findIndex(({ at }) => at > entry.at);
    if (later === -1) this.#entries.push(entry);
    else this.#entries.splice(later, 0, entry);
  }
}
