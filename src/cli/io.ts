import type { Fetch, Seams } from "../sdk/index.ts";
import type { Local } from "./local.ts";

/** One of the two streams that a command writes to. */
export interface Out {
  readonly isTty: boolean;
  /** The width of the terminal; 80 where there is none. */
  readonly columns: number;
  /** The height of the terminal; 24 where there is none. */
  readonly rows: number;
  write(text: string): void;
}

/** All that a command touches of its surroundings, so that a test can hand in its own. */
export interface Io {
  /** Data. */
  readonly stdout: Out;
  /** Messages for people. */
  readonly stderr: Out;
  /** The whole of standard input. */
  readStdin(): Promise<string>;
  /** Asks a person; `null` where there is no terminal to ask at. Rejects, and aborts the signal, if they leave. */
  readonly ask: ((question: string) => Promise<string>) | null;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The working folder. */
  readonly folder: string;
  /** Of this package. */
  readonly version: string;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  /** Commands on this very machine rather than over the API. */
  readonly local: Local;
  readonly fetch?: Fetch;
  readonly seams?: Seams;
}
