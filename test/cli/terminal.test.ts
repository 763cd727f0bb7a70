import { describe, expect, test } from "vitest";
import { table } from "../../src/cli/text.ts";
import { clip, padTo, widthOf } from "../../src/cli/width.ts";
import { createProgress } from "../../src/cli/progress.ts";
import type { SessionDetailAnswer } from "../../src/contract/answers/session.ts";
import { cliWorlds } from "../support/cli.ts";

/** Clears the screen, by the one-character form of `ESC [` too, and turns the order of letters. */
const EVIL = "a\u001b[2Jb\u009b2Jc\u202ed\u2066e\u0007";

/** What a terminal would act on. */
// oxlint-disable-next-line no-control-regex -- these very characters are looked for
const STEERS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

describe("what agents say cannot steer a terminal", () => {
  const open = cliWorlds();

  test("neither as text nor as a document, which still says it", async () => {
    const { cli, world } = await open();
    const registration = { agentName: EVIL, version: EVIL, capabilities: [EVIL], contactEndpoint: "http://a.test" };
    expect((await world.request("PUT", "/v1/opscore/agents/odd", registration)).ok).toBe(true);
    for (const argv of [
      ["agents", "list"],
      ["agents", "get", "odd"],
      ["agents", "list", "--json"],
      ["agents", "get", "odd", "--json=agentName"],
      ["update-state", "odd", EVIL],
      ["update-state", "odd", EVIL, "--any-state"],
      ["get-state", "odd"],
      ["agents", "history", "odd", "--json"],
      ["schedules", "delete", EVIL],
      ["sessions", EVIL],
    ]) {
      const { out, err } = await cli(argv);
      expect(`${out}${err}`, argv.join(" ")).not.toMatch(STEERS);
    }
    const { out } = await cli(["agents", "get", "odd", "--json=agentName"]);
    expect(JSON.parse(out)).toEqual({ agentName: EVIL });
  });

  test("an answer goes as it came into a pipe, and harmless to a terminal", async () => {
    const { cli, world } = await open();
    await world.request("PUT", "/v1/opscore/agents/odd", {
      agentName: EVIL,
      version: "1",
      capabilities: [],
      contactEndpoint: "http://a.test",
    });
    expect((await cli(["api", "GET", "agents/odd"])).out).toContain("b\u009b2Jc");
    expect((await cli(["api", "GET", "agents/odd"], { tty: true })).out).not.toMatch(STEERS);
  });

  test("a finding in a database", async () => {
    const { cli } = await open();
    const local = {
      verify: (_: unknown, tell: (finding: object, words: string) => void) => {
        tell({ message: EVIL }, EVIL);
        return Promise.resolve({ clean: false, document: {}, words: "1 found" });
      },
    };
    expect((await cli(["verify"], { local })).out).not.toMatch(STEERS);
  });
});

describe("columns", () => {
  test.each([
    ["abc", 3],
    ["名前", 4],
    ["ｆｕｌｌ", 8],
    ["한글", 4],
    ["🚀", 2],
    ["é", 1],
    ["e\u0301", 1],
    ["…", 1],
    ["", 0],
  ])("%j takes %i", (text, width) => {
    expect(widthOf(text)).toBe(width);
    expect(widthOf(padTo(text, 10))).toBe(10);
  });

  test("clipped: to so many columns, no character in two", () => {
    expect(clip("abcdef", 6)).toBe("abcdef");
    expect(clip("abcdefg", 6)).toBe("abcde…");
    expect(clip("名前名前", 5)).toBe("名前…");
    expect(clip("a名前", 4)).toBe("a名…");
    expect(clip("🚀🚀", 3)).toBe("🚀…");
  });

  test("stand under their names, whatever is in them", () => {
    const lines = table(
      ["NAME", "STATE"],
      [
        ["名前", "idle"],
        ["plain", "busy"],
      ],
    ).split("\n");
    expect(lines).toEqual(["NAME   STATE", "名前   idle", "plain  busy"]);
  });

  test("of more rows than a call takes arguments", () => {
    const rows = Array.from({ length: 200_000 }, () => ["a"]);
    expect(table(["NAME"], rows)).toHaveLength("NAME".length + rows.length * 2);
  });
});

test("what is drawn fits a low and narrow terminal: no line wraps, and none has left it at the top", () => {
  let drawn = "";
  const out = { isTty: true, columns: 40, rows: 8, write: (words: string) => void (drawn += words) };
  const progress = createProgress(out, (_, text) => text);
  const task = {
    map: null,
    status: "running",
    agentId: "名".repeat(60),
    attempts: [],
    error: null,
  } as unknown as SessionDetailAnswer["tasks"][number];
  const session = {
    sessionId: "ses_1",
    workflowId: "名前".repeat(20),
    status: "running",
    waitingFor: null,
    startedAt: "2026-01-01T00:00:00.000Z",
    updatedAt: "2026-01-01T00:00:01.000Z",
    endedAt: null,
    tasks: Array.from({ length: 30 }, (_, at) => ({ ...task, id: `tsk_${at}`, taskId: `${"長".repeat(30)}${at}` })),
  } as unknown as SessionDetailAnswer;
  progress.show(session);
  // oxlint-disable-next-line no-control-regex -- what moves the cursor takes no room
  const lines = drawn.replaceAll(/\u001b\[[0-9]*[A-Z]/g, "").split("\n");
  expect(lines.length).toBeLessThanOrEqual(out.rows);
  expect(Math.max(...lines.map(widthOf))).toBeLessThan(out.columns);
});
