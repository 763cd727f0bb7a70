import { createInterface } from "node:readline/promises";

/** Where a person is asked, and what happens when they leave instead of answering. */
interface Asked {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
  /** Told before `ask` rejects. */
  readonly leave: () => void;
  /** Whether keys come as they are pressed. Default: the output says. */
  readonly terminal?: boolean;
}

/** Asks a person at a terminal. Ctrl-C, Ctrl-D and the end of the input reject. */
export const ask = async (question: string, { leave, ...streams }: Asked): Promise<string> => {
  const lines = createInterface(streams);
  const left = new AbortController();
  lines.once("close", () => left.abort());
  try {
    return await lines.question(question, { signal: left.signal });
  } catch (error) {
    leave();
    throw error;
  } finally {
    lines.close();
  }
};
