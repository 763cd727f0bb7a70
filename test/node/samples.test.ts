import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { startFleetAgentKit, type Fleet } from "../../scripts/samples/fleet.ts";
import { readConfig } from "../../src/entry/run-server.ts";
import { startServer, type RunningServer } from "../../src/entry/node-server.ts";

const HOUR = 3_600_000;
const KEY = "samples-key-0123456789";
const file = (name: string): string => readFileSync(new URL(`../../scripts/samples/${name}`, import.meta.url), "utf8");

interface Task {
  readonly taskId: string;
  readonly status: string;
  readonly output: unknown;
  readonly error: { readonly code: string } | null;
  readonly attempts: readonly { readonly agentId: string }[];
}
interface Session {
  readonly status: string;
  readonly reason: string | null;
  readonly waitingFor: { readonly code: string; readonly taskId: string } | null;
  readonly tasks: readonly Task[];
}

/** The real server, its agents and their AgentKit over real HTTP; the server's clock runs, and can be moved on. */
describe("the sample definitions", { timeout: 60_000 }, () => {
  let skippedMs = 0;
  let folder: string;
  let fleet: Fleet;
  let server: RunningServer;

  beforeEach(async () => {
    skippedMs = 0;
    folder = mkdtempSync(join(tmpdir(), "opscore-samples-"));
    const log = { log: () => undefined };
    const agentKit = await startFleetAgentKit({ deliver: "swallow", workMs: 5, log: log.log });
    const config = readConfig({
      PORT: "0",
      DATABASE_URL: `file:${join(folder, "samples.db")}`,
      AGENTKIT_API_URL: `${agentKit.url}/v1`,
      OPSCORE_WEBHOOK_SECRET: agentKit.webhookSecret,
    });
    const clock = { now: () => Date.now() + skippedMs };
    server = await startServer(config, { apiKey: KEY, log, lock: null, clock });
    fleet = await agentKit.start({ url: server.url, apiKey: KEY });
    await eventually(async () => {
      const { data } = await call<{ data: { registration: string }[] }>("GET", "/agents");
      expect(data.filter(({ registration }) => registration === "registered")).toHaveLength(fleet.agents.length);
    });
  });
  afterEach(async () => {
    await fleet.close();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const call = async <T>(method: string, path: string, body?: string | object, status?: number): Promise<T> => {
    const response = await fetch(`${server.url}/v1/opscore${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${KEY}`,
        ...(body === undefined
          ? {}
          : { "Content-Type": typeof body === "string" ? "application/yaml" : "application/json" }),
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const answer = (await response.json()) as T;
    expect([response.status, answer]).toEqual([status ?? expect.toBeOneOf([200, 201, 202]), expect.anything()]);
    return answer;
  };
  const eventually = (check: () => Promise<void>): Promise<void> =>
    vi.waitFor(check, { timeout: 20_000, interval: 20 });

  const run = async (workflow: string, initialPayload: object): Promise<string> => {
    await call("POST", "/workflows", file(`${workflow}.yaml`));
    const { sessionId } = await call<{ sessionId: string }>("POST", "/sessions", {
      workflowDefinitionId: workflow,
      initialPayload,
    });
    return sessionId;
  };
  const until = async (sessionId: string, is: (session: Session) => boolean): Promise<Session> => {
    let session: Session | null = null;
    await eventually(async () => {
      session = await call<Session>("GET", `/sessions/${sessionId}`);
      expect({ ...session, is: is(session) }).toMatchObject({ is: true });
    });
    return session!;
  };
  const waitsFor = (taskId: string) => (session: Session) =>
    session.waitingFor?.code === "approval" && session.waitingFor.taskId === taskId;
  const ended = ({ status }: Session): boolean => ["completed", "failed", "cancelled"].includes(status);
  const statuses = ({ tasks }: Session): Readonly<Record<string, string>> =>
    Object.fromEntries(tasks.map(({ taskId, status }) => [taskId, status]));
  const outputs = ({ tasks }: Session): Readonly<Record<string, unknown>> =>
    Object.fromEntries(tasks.map(({ taskId, output }) => [taskId, output]));

  describe("research-report", () => {
    test("is read side by side, written, approved by a person and published", async () => {
      const sessionId = await run("research-report", { topic: "tides" });
      const waiting = await until(sessionId, waitsFor("approve"));
      const read = waiting.tasks.filter(({ taskId }) => taskId === "read");
      expect(read).toHaveLength(4); // the map and its three items
      await call("POST", `/sessions/${sessionId}/tasks/approve/approve`, { by: "Ada", comment: "well done" });
      const session = await until(sessionId, ended);
      expect(session.status).toBe("completed");
      expect(statuses(session)).not.toHaveProperty("write_short");
      expect(outputs(session)["approve"]).toEqual({ approved: true, by: "Ada", comment: "well done" });
      const text = "Report on tides: 1 sources agree about almanac on tides";
      expect(outputs(session)["publish"]).toEqual({ text: expect.stringContaining(`approved by Ada: ${text}`) });
    });

    test("is not published if it is rejected, and not started without a topic", async () => {
      const sessionId = await run("research-report", { topic: "tides" });
      await until(sessionId, waitsFor("approve"));
      await call("POST", `/sessions/${sessionId}/tasks/approve/reject`, { by: "Ada", comment: "no sources" });
      const session = await until(sessionId, ended);
      expect(session).toMatchObject({ status: "failed", reason: expect.stringContaining("no sources") });
      expect(statuses(session)).not.toHaveProperty("publish");
      const body = { workflowDefinitionId: "research-report", initialPayload: {} };
      await call("POST", "/sessions", body, 422);
    });
  });

  describe("incident-triage", () => {
    test("rolls back and pages at once if it is bad", async () => {
      const sessionId = await run("incident-triage", { service: "shop", errorsPerMinute: 480, notify: "ops" });
      const session = await until(sessionId, ended);
      expect(session.status).toBe("completed");
      expect(statuses(session)).toEqual({
        ...{ assess: "completed", mitigate: "completed", page: "completed" },
        ...{ ticket: "skipped", report: "completed", tell: "completed" },
      });
      expect(outputs(session)["report"]).toEqual({ text: "Incident: critical: rolled back and paged." });
      expect(outputs(session)["page"]).toMatchObject({ done: "page", about: "shop: 480 errors/min" });
    });

    test("files a ticket if it is not, and tells nobody who did not ask", async () => {
      const session = await until(await run("incident-triage", { service: "shop", errorsPerMinute: 3 }), ended);
      expect(session.status).toBe("completed");
      expect(statuses(session)).toEqual({
        ...{ assess: "completed", mitigate: "skipped", page: "skipped" },
        ...{ ticket: "completed", report: "completed", tell: "skipped" },
      });
      expect(outputs(session)["report"]).toEqual({ text: "Incident: minor: a ticket was filed." });
    });
  });

  describe("nightly-batch", () => {
    test("is run by its schedule, at night", async () => {
      await call("POST", "/workflows", file("nightly-batch.yaml"));
      await call("PUT", "/schedules/nightly", JSON.parse(file("nightly-batch.schedule.json")) as object);
      const schedule = await call<{ nextFires: readonly string[] }>("GET", "/schedules/nightly");
      const [next] = schedule.nextFires;
      skippedMs = Date.parse(next!) - Date.now();
      await eventually(async () => {
        const { data } = await call<{ data: Session[] }>("GET", "/sessions?workflowId=nightly-batch");
        expect(data).toMatchObject([{ status: "completed" }]);
      });
    });

    test("whose rows do not add up undoes what it did, the last first", async () => {
      const session = await until(await run("nightly-batch", { lose: 7 }), ended);
      expect(session.status).toBe("failed");
      expect(session.reason).toContain("'Check the rows' failed on purpose");
      const order = session.tasks.map(({ taskId, status }) => `${taskId} ${status}`);
      expect(order.toSorted()).toEqual(
        ["export completed", "load completed", "check failed", "remove_rows completed", "remove_file completed"].sort(),
      );
      const operator = fleet.agents.find(({ name }) => name === "sample-operator")!;
      const names = operator.received.map(({ task_name }) => task_name);
      expect(names).toEqual([
        "Export the rows",
        "Load the rows",
        "Check the rows",
        "Remove the rows",
        "Remove the export",
      ]);
    });
  });

  describe("human-sign-off", () => {
    const letter = "Letter about the tender: as agreed.";

    test("signed in time: the letter is sent, the deputy is not asked", async () => {
      const sessionId = await run("human-sign-off", { about: "the tender" });
      await until(sessionId, waitsFor("sign_off"));
      skippedMs += 47 * HOUR;
      await call("POST", `/sessions/${sessionId}/tasks/sign_off/approve`, { by: "Grace" });
      const session = await until(sessionId, ended);
      expect(session.status).toBe("completed");
      expect(statuses(session)["deputy_sign_off"]).toBe("skipped");
      expect(outputs(session)["send"]).toMatchObject({ done: "send", letter, signedBy: "Grace" });
    });

    test("rejected in time: the letter is withdrawn, with the reason", async () => {
      const sessionId = await run("human-sign-off", { about: "the tender" });
      await until(sessionId, waitsFor("sign_off"));
      const words = { by: "Grace", comment: "too early" };
      await call("POST", `/sessions/${sessionId}/tasks/sign_off/reject`, words);
      const session = await until(sessionId, ended);
      expect(statuses(session)).toMatchObject({ deputy_sign_off: "skipped", send: "skipped", withdraw: "completed" });
      expect(outputs(session)["withdraw"]).toMatchObject({ why: "rejected by Grace: too early" });
    });

    test("not signed for two days: the deputy is asked and signs", async () => {
      const sessionId = await run("human-sign-off", { about: "the tender" });
      await until(sessionId, waitsFor("sign_off"));
      skippedMs += 48 * HOUR;
      await until(sessionId, waitsFor("deputy_sign_off"));
      await call("POST", `/sessions/${sessionId}/tasks/deputy_sign_off/approve`, { by: "Linus" });
      const session = await until(sessionId, ended);
      expect(session.status).toBe("completed");
      expect(outputs(session)).toMatchObject({ sign_off: null, send: { signedBy: "Linus" } });
    });

    test("signed by nobody: it fails as rejected and nothing is sent", async () => {
      const sessionId = await run("human-sign-off", { about: "the tender" });
      await until(sessionId, waitsFor("sign_off"));
      skippedMs += 48 * HOUR;
      await until(sessionId, waitsFor("deputy_sign_off"));
      skippedMs += 24 * HOUR;
      const session = await until(sessionId, ended);
      expect(session.status).toBe("failed");
      expect(session.tasks.find(({ taskId }) => taskId === "deputy_sign_off")?.error?.code).toBe("rejected");
      expect(statuses(session)).not.toHaveProperty("send");
    });
  });
});
