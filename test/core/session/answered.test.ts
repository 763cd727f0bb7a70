import { describe, expect, test } from "vitest";
import { agent, call, cancel, done, failed, given, HOUR, start, T0 } from "../../support/given.ts";
import { complete, control, fail, pause, resume, retry, skip, under } from "../../support/given-control.ts";

const by = (taskId: string, more: object = {}) => ({ taskId, agentId: "a", retry: { maxAttempts: 3 }, ...more });
const running = () => given({ tasks: [by("one"), by("two")], agents: [agent("a")] }).when(start()).and;
describe("a person's word under an Idempotency-Key", () => {
  test("P8: a retry that is said again is the same retry, also when it failed meanwhile", () => {
    const waiting = running().when(call(1, failed("boom"))).and;
    const word = under("k", control("one", retry));
    const hurried = waiting
      .when(word)
      .then(
        { type: "ControlAnswered", key: "k", request: "r", status: "running" },
        { type: "TaskHurried" },
        { type: "DispatchRequested", attempt: 2 },
      );
    hurried.and.when(word).then().answers({ kind: "answered", status: "running" });
    const again = hurried.and.when(call(1, failed("boom"), { attempt: 2 })).and;
    again.when(word).then().answers({ kind: "answered", status: "running" });
    again.when(under("k2", control("one", retry))).then(
      { type: "ControlAnswered" },
      {
        type: "TaskHurried",
      },
      { type: "DispatchRequested", attempt: 3 },
    );
  });

  test.each([
    ["pause", pause(), "paused"],
    ["skip", control("one", skip), "running"],
    ["complete", control("one", complete(1)), "running"],
    ["fail", control("one", fail()), "failed"],
  ] as const)("P8: %s is answered as the first time after the session has ended", (_, command, status) => {
    const word = under("k", command);
    const said = running().when(word).answers({ kind: "done" }).and;
    const ended = said.state.status === "open" ? said.when(cancel()).and : said;
    ended.when(word).then().answers({ kind: "answered", status });
    ended.when(under("other", pause())).then().answers({ kind: "ended" });
  });

  test("a resume is one resume, also if the session was paused again", () => {
    const word = under("k", resume(T0 + HOUR));
    const resumed = running().when(pause()).and.when(word).answers({ kind: "done" }).and;
    const paused = resumed.when(pause(T0 + HOUR)).and;
    paused.when(word).then().answers({ kind: "answered", status: "running" });
  });

  test("the word that ends a session is noted before its end", () => {
    const last = given({ tasks: [by("one")], agents: [agent("a")] }).when(start()).and;
    const word = under("k", control("one", complete(1)));
    const ended = last
      .when(word)
      .then(
        { type: "ControlAnswered", status: "completed" },
        { type: "AttemptEnded" },
        { type: "TaskResolved" },
        { type: "SessionCompleted" },
      );
    ended.and.when(word).then().answers({ kind: "answered", status: "completed" });
  });

  test("another request under the same key is told so and does nothing", () => {
    const paused = running().when(under("k", pause())).and;
    paused
      .when(under("k", resume(), "another"))
      .then()
      .answers({ kind: "key_reused" });
  });

  test("P8: what changed nothing is noted while the session is open, and a late copy does nothing", () => {
    const word = under("k2", pause());
    const twice = running().when(under("k1", pause())).and.when(word);
    twice.then({ type: "ControlAnswered", key: "k2", request: "r", status: "paused", already: true });
    twice.answers({ kind: "unchanged" });
    const resumed = twice.and.when(resume()).and;
    resumed.when(word).then().answers({ kind: "answered", status: "paused", already: true });
    const over = running().when(control("one", skip)).and.when(cancel()).and;
    over
      .when(under("k3", control("one", skip)))
      .then()
      .answers({ kind: "unchanged" });
  });

  test("what was refused is not noted", () => {
    const said = running();
    said
      .when(under("k", control("two", skip)))
      .then()
      .answers({ kind: "refused" });
    said
      .when(under("k", control("none", skip)))
      .then()
      .answers({ kind: "no_task" });
  });

  test("the newest 16 are remembered", () => {
    let session = running();
    for (let n = 0; n < 20; n += 1) {
      const command = n % 2 === 0 ? pause(T0 + n) : resume(T0 + n);
      session = session.when(under(`k${n}`, command)).answers({ kind: "done" }).and;
    }
    expect(session.state.answered?.map(({ key }) => key)).toEqual(Array.from({ length: 16 }, (_, at) => `k${at + 4}`));
    session.when(under("k4", pause())).then().answers({ kind: "answered", status: "paused" });
    session.when(under("k3", resume())).then({ type: "ControlAnswered", already: true }).answers({ kind: "unchanged" });
  });

  test("without a key nothing is noted", () => {
    const hurried = running()
      .when(call(1, failed("boom")))
      .and.when(control("one", retry)).and;
    expect(hurried.state).not.toHaveProperty("answered");
    hurried.when(call(1, done(), { attempt: 2 })).answers({ kind: "settled" });
  });
});
