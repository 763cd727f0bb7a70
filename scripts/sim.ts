import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { countOf, optionsOf, refuse } from "./sim-options.ts";
import { lastRows, simulate } from "../test/sim/simulate.ts";

/**
 * `npm run sim -- --schedules N --seed S`: runs N schedules with seeds S-1 … S-N, tells which failed and how to replay
 * them, and keeps a summary. `--jobs J` shares them among J processes. `--trace` prints what happened, `--log TEXT` the
 * logs of the sessions and agents named so.
 */
const { values } = optionsOf({
  options: {
    schedules: { type: "string" },
    seed: { type: "string" },
    from: { type: "string", default: "1" },
    jobs: { type: "string", default: "1" },
    trace: { type: "boolean", default: false },
    log: { type: "string" },
    first: { type: "boolean", default: false },
    /** One of several processes: its summary is for the one that started it. */
    part: { type: "boolean", default: false },
    out: { type: "string", default: "coverage/sim-summary.json" },
  },
});

/** A long run says every so many schedules that it lives. */
const PROGRESS = 5_000;

/** A run with this many failures has said enough. */
const MAX_FAILED = 10;

interface Summary {
  readonly seed: string;
  readonly schedules: number;
  /** Schedules in which a promise was broken. */
  readonly violations: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly virtualMs: number;
  readonly sessions: number;
  readonly ended: Readonly<Record<string, number>>;
  readonly batches: number;
  readonly requests: number;
  readonly events: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly checked: Readonly<Record<string, number>>;
}

const add = (sum: Record<string, number>, part: Readonly<Record<string, number>>): Record<string, number> => {
  for (const [name, n] of Object.entries(part)) sum[name] = (sum[name] ?? 0) + n;
  return sum;
};

const printed = async (seed: string) => {
  const result = await simulate(seed);
  if (values.trace) process.stdout.write(`${result.trace.join("\n")}\n`);
  if (values.log !== undefined) {
    const rows = lastRows().query("SELECT * FROM log WHERE instr(stream, ?) > 0 ORDER BY pos", values.log);
    for (const row of rows) process.stdout.write(`${row["stream"]} ${row["seq"]} ${row["cause"]} ${row["events"]}\n`);
  }
  if (result.violations.length > 0) {
    process.stdout.write(`seed ${seed}\n  ${result.settings}\n`);
    for (const { promise, message } of result.violations.slice(0, 5))
      process.stdout.write(`  ${promise}: ${message}\n`);
    process.stdout.write(`  replay: npm run sim -- --seed ${seed} --trace\n`);
  }
  return result;
};

const runHere = async (base: string, seeds: readonly string[]): Promise<Summary> => {
  const startedAt = performance.now();
  const cpuAt = process.cpuUsage();
  const [faults, ended, checked]: Record<string, number>[] = [{}, {}, {}];
  let [virtualMs, sessions, batches, requests, events, violations, schedules] = [0, 0, 0, 0, 0, 0, 0];
  for (const seed of seeds) {
    const result = await printed(seed);
    schedules += 1;
    if (schedules % PROGRESS === 0) process.stderr.write(`${seed}: ${schedules} done, ${violations} failed\n`);
    virtualMs += result.virtualMs;
    sessions += result.sessions;
    batches += result.batches;
    requests += result.requests;
    events += result.events;
    add(faults!, result.faults);
    add(ended!, result.ended);
    add(checked!, result.checked);
    if (result.violations.length === 0) continue;
    violations += 1;
    if (values.first || violations >= MAX_FAILED) break;
  }
  const cpu = process.cpuUsage(cpuAt);
  return {
    seed: base,
    schedules,
    violations,
    seconds: (performance.now() - startedAt) / 1_000,
    cpuSeconds: (cpu.user + cpu.system) / 1_000_000,
    virtualMs,
    sessions,
    ended: ended!,
    batches,
    requests,
    events,
    faults: faults!,
    checked: checked!,
  };
};

/** Another process runs a part; what it prints but its summary is passed on. */
const runThere = (base: string, from: number, count: number): Promise<Summary> =>
  new Promise((resolve, reject) => {
    const range = ["--seed", base, "--from", `${from}`, "--schedules", `${count}`, "--out", "", "--part"];
    const args = [fileURLToPath(import.meta.url), ...range, ...(values.first ? ["--first"] : [])];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    let rest = "";
    child.stdout.on("data", (data: Buffer) => {
      const lines = `${rest}${String(data)}`.split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (line.startsWith('{"seed"')) resolve(JSON.parse(line) as Summary);
        else process.stdout.write(`${line}\n`);
      }
    });
    child.on("close", (code) => reject(new Error(`a part of the run ended with ${code ?? "a signal"}`)));
  });

const sumOf = (parts: readonly Summary[]): Summary => {
  const total = (pick: (part: Summary) => number): number => parts.reduce((sum, part) => sum + pick(part), 0);
  const totals = (pick: (part: Summary) => Readonly<Record<string, number>>): Record<string, number> =>
    parts.reduce((sum, part) => add(sum, pick(part)), {});
  return {
    seed: parts[0]?.seed ?? "",
    schedules: total((part) => part.schedules),
    violations: total((part) => part.violations),
    seconds: Math.max(...parts.map((part) => part.seconds)),
    cpuSeconds: total((part) => part.cpuSeconds),
    virtualMs: total((part) => part.virtualMs),
    sessions: total((part) => part.sessions),
    ended: totals((part) => part.ended),
    batches: total((part) => part.batches),
    requests: total((part) => part.requests),
    events: total((part) => part.events),
    faults: totals((part) => part.faults),
    checked: totals((part) => part.checked),
  };
};

const count = countOf("schedules", values.schedules ?? "200");
const from = countOf("from", values.from);
const jobs = countOf("jobs", values.jobs);
if (jobs > 1 && (values.trace || values.log !== undefined))
  refuse("--trace and --log go with one process, not with --jobs");
const base = values.seed ?? Date.now().toString(36);
// The seed of one schedule, as a failing run prints it, is run alone; with a number of schedules it is a name like any.
const one = values.schedules === undefined && values.seed !== undefined && /-\d+$/.test(values.seed);
const seeds = one ? [base] : Array.from({ length: count }, (_, at) => `${base}-${from + at}`);
const share = Math.ceil(count / Math.max(1, jobs));
const summary =
  jobs > 1 && !one
    ? sumOf(
        await Promise.all(
          Array.from({ length: jobs }, (_, at) =>
            runThere(base, from + at * share, Math.max(0, Math.min(share, count - at * share))),
          ),
        ),
      )
    : await runHere(base, seeds);

const rounded = (value: number): number => Math.round(value * 10) / 10;
const { seconds, cpuSeconds, virtualMs, ...counts } = summary;
const shown = {
  ...counts,
  schedulesPerSecond: rounded(summary.schedules / seconds),
  /** Of processor time: what a core does that has nothing else to do. */
  schedulesPerCpuSecond: rounded(summary.schedules / cpuSeconds),
  virtualHours: rounded(virtualMs / 3_600_000),
};
if (values.out !== "") {
  mkdirSync(dirname(values.out), { recursive: true });
  writeFileSync(values.out, `${JSON.stringify(shown, null, 2)}\n`);
}
// Another process reads the parts, people the whole.
process.stdout.write(`${JSON.stringify(values.part ? summary : shown)}\n`);
process.exitCode = summary.violations > 0 ? 1 : 0;
