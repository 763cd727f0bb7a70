import { once } from "node:events";
import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { ask } from "../../src/entry/ask.ts";

/** A question to somebody who answers with these keys, or is gone. */
const asked = async (keys: string | null) => {
  const [input, output] = [new PassThrough(), new PassThrough()];
  let left = 0;
  const answer = ask("Sure? ", { input, output, terminal: true, leave: () => (left += 1) }).then(
    (said) => ({ said }),
    () => ({ said: null }),
  );
  await once(output, "data");
  if (keys === null) input.end();
  else input.write(keys);
  return { ...(await answer), left };
};

test("an answer is what was typed", async () => {
  expect(await asked("yes\r")).toEqual({ said: "yes", left: 0 });
});

test.each([
  ["Ctrl-C", "\u0003"],
  ["Ctrl-D", "\u0004"],
  ["the end of the input", null],
])("whoever leaves by %s is not waited for", async (_, keys) => {
  expect(await asked(keys)).toEqual({ said: null, left: 1 });
});
