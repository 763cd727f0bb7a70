import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { lastRows, simulate } from "../test/sim/simulate.ts";

/**
 * `npm run sim -- --schedules N --seed S`: runs N schedules with seeds S-1 … S-N, tells which failed and how to replay
 * them, and keeps a summary. `--trace` prints what happened, `--log TEXT` the logs of sessions and agents named so.
 */
const { values } = parseArgs({
  options: {
    schedules: { type: "string", default: "200" },
    seed: { type: "string" },
    trace: { type: "boolean", default: false },
    log: { type: "string" },
    first: { type: "boolean", default: false },
    out: { type: "string", default: "coverage/sim-summary.json" },
  },
});
const count = Number(values.schedules);
const base = values.seed ?? Date.now().toString(36);
const single = values.seed !== undefined && /-\d+$/.test(values.seed);
const startedAt = performance.now();
const cpuAt = process.cpuUsage();
const faults: Record<string, number> = {};
const ended: Record<string, number> = {};
let [virtualMs, sessions, batches, requests, events, failed] = [0, 0, 0, 0, 0, 0];
let done = 0;
for (; done < (single ? 1 : count); done += 1) {
  const seed = single ? base : `${base}-${done + 1}`;
  const result = await simulate(seed);
  virtualMs += result.virtualMs;
  sessions += result.sessions;
  batches += result.batches;
  requests += result.requests;
  events += result.events;
  for (const [name, n] of Object.entries(result.faults)) faults[name] = (faults[name] ?? 0) + n;
  for (const [name, n] of Object.entries(result.ended)) ended[name] = (ended[name] ?? 0) + n;
  if (values.trace) process.stdout.write(`${result.trace.join("\n")}\n`);
  if (values.log !== undefined) {
    const rows = lastRows().query("SELECT * FROM log WHERE instr(stream, ?) > 0 ORDER BY pos", values.log);
    for (const row of rows) process.stdout.write(`${row["stream"]} ${row["seq"]} ${row["cause"]} ${row["events"]}\n`);
  }
  if (result.violations.length > 0) {
    failed += 1;
    process.stdout.write(`seed ${seed}\n  ${result.settings}\n`);
    for (const { promise, message } of result.violations.slice(0, 5))
      process.stdout.write(`  ${promise}: ${message}\n`);
    process.stdout.write(`  replay: npm run sim -- --seed ${seed} --trace\n`);
    if (values.first || failed >= 10) break;
  }
}
const seconds = (performance.now() - startedAt) / 1_000;
const cpu = process.cpuUsage(cpuAt);
const summary = {
  seed: base,
  schedules: done,
  violations: failed,
  schedulesPerSecond: Math.round((done / seconds) * 10) / 10,
  /** Of processor time: what one core does that has nothing else to do. */
  schedulesPerCpuSecond: Math.round((done / ((cpu.user + cpu.system) / 1_000_000)) * 10) / 10,
  virtualHours: Math.round(virtualMs / 360_000) / 10,
  sessions,
  ended,
  batches,
  requests,
  events,
  faults,
};
if (values.out !== "") {
  mkdirSync(dirname(values.out), { recursive: true });
  writeFileSync(values.out, `${JSON.stringify(summary, null, 2)}\n`);
}
process.stdout.write(`${JSON.stringify(summary)}\n`);
process.exitCode = failed > 0 ? 1 : 0;
