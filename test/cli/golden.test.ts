import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { cliWorlds, createMask, emptyFolder, transcript, type Around, type CliWorld } from "../support/cli.ts";

const YAML = "id: report\nname: Report\ntasks:\n  - taskId: draft\n    agentCapability: write\n";
const WRITER = ["agents", "put", "writer", "--endpoint", "http://writer.test/", "--capability", "write"];

/** Runs a script of command lines and holds all of it against a file. `{n}` stands for the n-th id that was shown. */
const play = async (
  { cli, world }: CliWorld,
  name: string,
  script: readonly string[],
  around: Around = {},
): Promise<void> => {
  const mask = createMask();
  const shown: string[] = [];
  const parts: string[] = [];
  for (const line of script) {
    const words = (line.match(/'[^']*'|\S+/g) ?? []).map((word) => word.replaceAll(/^'|'$/g, ""));
    const argv = words.map((word) =>
      word.replaceAll(/\{(\d+)\}/g, (_, at: string) => shown[Number(at) - 1] ?? `nothing ${at}`),
    );
    world.clock.advance(1_000); // what is of one millisecond is in no order
    const ran = await cli(argv, around);
    for (const [id] of `${ran.out}${ran.err}`.matchAll(/\b(?:ses|tsk|key)_[0-9A-Z]{28}(?:\.\d+)?(?::\d+)?/g)) {
      if (!shown.includes(id)) shown.push(id);
    }
    parts.push(mask(transcript(argv, ran)));
  }
  await expect(parts.join("\n")).toMatchFileSnapshot(`../fixtures/cli/${name}.txt`);
};

describe("what is printed, and the exit code", () => {
  const open = cliWorlds();

  const folderWith = (files: Readonly<Record<string, string>>): string => {
    const folder = emptyFolder();
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    return folder;
  };

  test("agents: empty, one, unknown; the first CLI's commands", async () => {
    await play(await open(), "agents", [
      "agents list",
      "agents list --json",
      "agents list --json=agentId",
      "agents put writer",
      WRITER.join(" "),
      "agents list",
      "agents list --json",
      "agents list --json=agentId,state,unavailableReason.code",
      "agents list --json=agentId,stat",
      "agents get writer",
      "agents get writer --json=state",
      "agents get nobody",
      "agents get nobody --json",
      "agent get-state writer",
      'agent update-state writer active --details \'{"current_task":"processing"}\'',
      "get-state writer --json",
      "update-state writer dancing",
      "update-state writer dancing --any-state",
      "agent update-state writer idle --details 17",
      "agents history writer",
      "agents history writer --limit 1 --json=state",
      "agents history writer --limit 1",
    ]);
  });

  test("workflows: saved, checked, read, tried out", async () => {
    const folder = folderWith({ "report.yaml": YAML, "bad.json": '{"id": "x", "tasks": []}', "broken.json": "{" });
    const script = [
      "workflows list",
      "workflows list --json",
      "workflows validate report.yaml",
      "workflows validate bad.json",
      "workflows validate bad.json --json",
      "workflows save broken.json",
      "workflows save missing.yaml",
      "workflows save report.yaml",
      "workflows save report.yaml --json",
      "workflows list",
      "workflows get report",
      "workflows get report --json=definition.tasks",
      "workflows get report --revision 7",
      "workflows get report --revision x",
      'workflows test report --mocks \'{"draft":{"output":"text","after":"1m"}}\'',
      'workflows test report --mocks \'{"draft":{"error":{"code":"no","retryable":false}}}\' --json=status,elapsedMs',
      WRITER.join(" "),
      'workflow trigger writer report --payload \'{"topic":"tides"}\'',
      "workflow trigger nobody report --json",
    ];
    await play(await open(), "workflows", script, { folder });
  });

  test("sessions: started, waited for, watched, followed, looked up", async () => {
    const world = await open({ draft: { output: "A text" }, refuse: { message: "I will not" } });
    const refusing = YAML.replaceAll("report", "refusing").replace("taskId: draft", "taskId: refuse");
    const folder = folderWith({ "report.yaml": YAML, "refusing.yaml": refusing });
    const script = [
      "sessions list",
      "sessions list --json",
      "sessions counts --json=total,exact",
      WRITER.join(" "),
      "workflows save report.yaml --json=revision",
      "workflows save refusing.yaml --json=revision",
      "sessions start",
      "sessions start unknown",
      "sessions start report --timeout 1s",
      'sessions start report --input \'{"topic":"tides"}\' --wait',
      "sessions start report --wait --json=status,tasks.output",
      "sessions start refusing --wait",
      "sessions start refusing --wait --json=status,error",
      "sessions watch {1}",
      "sessions watch {1} --json=status",
      "sessions get {1} --json=status,reason",
      "sessions log {1}",
      "sessions log {1} --json=seq,cause.command",
      "sessions log {1} --follow --json=seq",
      "sessions log {1} --after 1",
      "sessions list --status failed",
      "sessions list --limit 1 --json=status",
      "sessions list --status sideways",
      "sessions list --status sideways --json",
      "sessions counts",
      "sessions rerun {1} --wait --json=status,rerunOf.sessionId",
    ];
    await play(world, "sessions", script, { folder });
  });

  test("sessions: what people do to them", async () => {
    const world = await open();
    const asking = "id: asking\nname: Asking\ntasks:\n  - taskId: ask\n    type: approval\n";
    const hearing = "id: hearing\nname: Hearing\ntasks:\n  - taskId: hear\n    type: signal\n";
    const folder = folderWith({ "asking.yaml": asking, "hearing.yaml": hearing, "report.yaml": YAML });
    const script = [
      "workflows save asking.yaml --json=revision",
      "workflows save hearing.yaml --json=revision",
      "workflows save report.yaml --json=revision",
      "sessions start asking",
      "sessions get {1}",
      "sessions pause {1} --reason lunch",
      "sessions resume {1} --json",
      "sessions approve {1} ask --by me",
      "sessions reject {1} ask",
      "sessions reject {1} ask --json",
      "sessions start asking --json=workflowId",
      "sessions start hearing",
      "sessions signal {2} hear --payload '{\"a\":1}'",
      "sessions signal {2} hear",
      "sessions start report",
      "sessions skip {3} draft",
      "sessions start report --idempotency-key k1",
      "sessions fail {4} draft --message no --code broken",
      "sessions start report --idempotency-key k1 --json=workflowId",
      "sessions start report --idempotency-key k2",
      "sessions complete {5} draft --output '\"text\"' --json=status",
      "sessions complete {5} nothing",
      "sessions start report --idempotency-key k3",
      "sessions cancel {6} --reason 'no more need'",
      "sessions cancel {6}",
      "sessions cancel {5}",
      "sessions start report --wait --timeout 5s",
      "sessions start report --wait --timeout 5s --json",
      "sessions bulk",
      "sessions bulk explode --all",
      "sessions bulk cancel",
      "sessions bulk cancel --status open",
      "sessions bulk cancel --status open --dry-run",
      "sessions bulk cancel --status open --workflow none --dry-run --json",
      "sessions bulk cancel --status open --yes",
      "sessions bulk cancel --status open --yes --json",
    ];
    await play(world, "session-control", script, { folder });
  });

  test("tasks: enqueued, listed, settled", async () => {
    const script = [
      "tasks list",
      "tasks list --json",
      "tasks enqueue",
      WRITER.join(" "),
      'tasks enqueue --capability write --name draft --parameters \'{"topic":"tides"}\'',
      "tasks list",
      "tasks get {1}",
      "tasks get {1} --json=status,attempts.status",
      "tasks heartbeat {1}:1 --progress 0.5",
      "tasks complete {1}:1 --output '{\"a\":1}'",
      "tasks complete {1}:1 --output '{\"a\":1}' --json",
      "tasks fail {1}:1 --message late",
      "tasks fail {1}:1",
      "tasks get {1} --json=status,output",
      "tasks enqueue --agent writer --delay 1h --json=id",
      "tasks list --status open --json=status",
      "tasks cancel tsk_0000000000000000000000000000.1",
      "tasks list --status completed --json",
    ];
    await play(await open(), "tasks", script);
  });

  test("schedules: made, held, fired, deleted", async () => {
    const folder = folderWith({ "report.yaml": YAML });
    const script = [
      "schedules list",
      "schedules list --json",
      "schedules create --cron @daily",
      "workflows save report.yaml --json=revision",
      "schedules create --id nightly --cron '0 3 * * *' --workflow report --time-zone Europe/Berlin",
      "schedules create --id nightly --cron @daily --workflow report",
      "schedules put nightly --cron sometimes --workflow report",
      "schedules put nightly --cron @daily --workflow report --json=cron,timeZone",
      "schedules list",
      "schedules pause nightly --json=paused",
      "schedules resume nightly",
      "schedules trigger nightly",
      "schedules get nightly --json=counts",
      "schedules delete nightly",
      "schedules delete nightly --json",
      "schedules get nightly",
    ];
    await play(await open(), "schedules", script, { folder });
  });

  test("keys: made, shown once, rotated, revoked; what they may not do", async () => {
    await play(await open(), "keys", [
      "keys list",
      "keys list --json",
      "keys create --name dashboard",
      "keys create --role viewer",
      "keys create --name dashboard --role king",
      "keys create --name dashboard --role viewer --expires-in 30d",
      "keys create --name agent --scope state:write:writer --scope tasks:write:writer --json=name,scopes,key",
      "keys create --name odd --scope everything",
      "keys list",
      "keys get {1} --json=status,role",
      "keys rotate {1} --overlap 1h --json=status,overlapUntil",
      "keys revoke {1} --reason lost",
      "keys rotate {1}",
      "keys get key_0000000000000000000000000000 --json",
    ]);
  });

  test("webhooks: made, shown once, tried, rotated, deleted", async () => {
    const { cli } = await open();
    const { out } = await cli([
      "webhooks",
      "create",
      "--to",
      "https://hooks.example.com/x",
      "--event",
      "session.*",
      "--json",
    ]);
    const { webhookId, secret } = JSON.parse(out) as { webhookId: string; secret: string };
    expect(secret).toMatch(/^whsec_/);
    const list = await cli(["webhooks", "list"]);
    expect(list.out).toMatch(/^WEBHOOK .*\n\S+ +https:\/\/hooks\.example\.com\/x +session\.\* +yes +0\n$/);
    expect((await cli(["webhooks", "get", webhookId])).out).not.toContain(secret);
    const rotated = await cli(["webhooks", "rotate", webhookId, "--overlap", "1h"]);
    expect([rotated.code, rotated.out, rotated.err]).toEqual([
      0,
      expect.stringMatching(/\nwhsec_\S+\n$/) as string,
      "The secret is shown this once.\n",
    ]);
    expect((await cli(["webhooks", "disable", webhookId])).out).toContain("no: request");
    expect((await cli(["webhooks", "enable", webhookId, "--json=enabled"])).out).toContain("true");
    const tried = await cli(["webhooks", "test", webhookId, "--json=deliveryId"]);
    const { deliveryId } = JSON.parse(tried.out) as { deliveryId: string };
    expect((await cli(["webhooks", "deliveries", webhookId])).out).toMatch(
      /webhook\.ping +(?:pending|failed|delivered)/,
    );
    expect((await cli(["webhooks", "redeliver", webhookId, deliveryId])).code).toBe(0);
    const put = await cli(["webhooks", "put", webhookId, "--to", "https://hooks.example.com/y", "--json=url"]);
    expect(JSON.parse(put.out)).toEqual({ url: "https://hooks.example.com/y" });
    expect((await cli(["webhooks", "create"])).code).toBe(2);
    expect((await cli(["webhooks", "create", "--to", "https://x.example.com", "--event", "moon.rises"])).code).toBe(1);
    expect((await cli(["webhooks", "delete", webhookId])).code).toBe(0);
    expect((await cli(["webhooks", "get", webhookId, "--json"])).code).toBe(3);
  });
});
