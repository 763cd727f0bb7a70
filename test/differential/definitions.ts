import { someAgentId } from "./agent-commands.ts";
import type { Known } from "./known.ts";
import { agent, doomed, quick, sound, work, type Part } from "./task-kinds.ts";
import { edges, json, jsonObject, raw, text, type Value } from "./values.ts";

type Definition = Part & { readonly tasks: readonly Part[] };

const parametersOf = ({ random }: Known, at: number): Part => ({
  given: "${input}",
  ...(at > 0 ? { before: `\${tasks.t${at - 1}.output}`, mixed: `é \${tasks.t${at - 1}.status} 🤖` } : {}),
  ...jsonObject(random),
});

const task = (known: Known, at: number): Part => {
  const { random } = known;
  const own = random.chance(at === 0 ? 0.6 : 0.4) ? agent(known) : work(known);
  const isAgent = own["type"] === undefined;
  return {
    taskId: `t${at}`,
    ...(random.chance(0.3) ? { name: text(random).slice(0, 64) || null } : {}),
    ...(isAgent && random.chance(0.7)
      ? { parameters: random.chance(0.5) ? parametersOf(known, at) : jsonObject(random) }
      : {}),
    ...(isAgent && random.chance(0.5)
      ? { timeout: { run: random.pick(["5s", "10m"]), queue: "1h", start: "20s" } }
      : {}),
    ...own,
    ...(random.chance(0.05) ? { nextTaskId: null } : {}),
  };
};

const CONDITIONS: readonly string[] = [
  "true", "false", "size(input) > 1", "input.a == 1", "session.id != ''", "has(input.list)", "'é' < '🤖'", "tasks.t0.attempts > 0",
]; // prettier-ignore

type Change = (definition: Definition, known: Known) => Part;

const changed = (definition: Definition, at: number, change: Part, ...more: readonly Part[]): Definition => ({
  ...definition,
  tasks: [...definition.tasks.map((one, n) => (n === at ? { ...one, ...change } : one)), ...more],
});

const somewhere = ({ tasks }: Definition, { random }: Known): number => random.int(tasks.length);

/** Ways of the language to lead from task to task, and what is said of a whole. */
const constructs: readonly Change[] = [
  (one, known) => changed(one, somewhere(one, known), { when: known.random.pick(CONDITIONS) }),
  (one, known) => {
    const next = [{ when: known.random.pick(CONDITIONS), taskId: "e" }, ...(known.random.chance(0.6) ? [{ taskId: null }] : [])];
    // Only a task that gets done chooses.
    const done = known.random.chance(0.6) ? { ...quick(known), parameters: undefined } : {};
    return changed(one, one.tasks.length - 1, { ...done, nextTaskId: undefined, next }, { taskId: "e", ...quick(known) });
  },
  (one, known) => {
    const dependsOn = [`t${one.tasks.length - 1}`, "s"];
    const join = known.random.chance(0.5) ? { join: known.random.pick(["any", "all"]) } : {};
    const side = { taskId: "s", dependsOn: [], ...quick(known) };
    return changed(one, -1, {}, side, { taskId: "j", dependsOn, ...join, ...quick(known) });
  },
  (one, known) => {
    const fails = { ...(known.random.chance(0.6) ? doomed : quick)(known), parameters: undefined, fallbackTaskId: "f" };
    return changed(one, 0, fails, { taskId: "f", ...(known.random.chance(0.6) ? sound : quick)(known) });
  },
  (one, known) => {
    const done = { ...(known.random.chance(0.6) ? sound : quick)(known), parameters: undefined, compensateWith: "u" };
    const undone = changed(one, 0, done, { taskId: "u", ...quick(known) });
    return known.random.chance(0.6) ? changed(undone, -1, {}, { taskId: "d", dependsOn: ["t0"], ...doomed(known) }) : undone;
  },
  (one, known) => changed(one, somewhere(one, known), { onFailure: "continue" }),
  (one, known) => changed(one, somewhere(one, known), { priority: known.random.pick([0, 99, 50]) }),
  (one) => ({ ...one, defaults: { priority: 7, timeout: { heartbeat: "10s" }, retry: { maxAttempts: 2 } } }),
  (one) => ({ ...one, input: { type: "object", properties: { a: { type: "number" }, list: { type: "array" } } } }),
]; // prettier-ignore

const every = (definition: Definition, change: Part): Part => ({
  ...definition,
  tasks: definition.tasks.map((one) => ({ ...one, ...change })),
});

const faults: readonly Change[] = [
  (one) => ({ ...one, tasks: [] }),
  (one) => ({ ...one, id: "ü" }),
  (one) => ({ ...one, name: "" }),
  (one) => ({ ...one, taks: 1 }),
  (one) => ({ ...one, tasks: [...one.tasks, ...one.tasks] }),
  (one) => every(one, { nextTaskId: "t0" }),
  (one) => every(one, { nextTaskId: "nowhere" }),
  (one) => every(one, { dependsOn: ["t0"] }),
  (one) => every(one, { when: "input.a ==" }),
  (one) => every(one, { parameters: { a: "${tasks.t9.output}" } }),
  (one) => every(one, { retry: { maxAttempts: raw("1.5") } }),
  (one, { random }) => ({ ...one, input: { type: random.pick(["text", 1]), $ref: "#" } }),
];

/** A definition over the whole language: small, most of the time without faults. */
export const definition = (known: Known): Part => {
  const { random, cast } = known;
  const tasks = Array.from({ length: 1 + random.int(3) }, (_, at) => task(known, at));
  const whole: Definition = {
    id: random.pick(cast.workflowIds),
    name: text(random).slice(0, 64) || "w",
    ...(random.chance(0.3) ? { description: text(random).slice(0, 9_000) } : {}),
    ...(random.chance(0.3) ? { version: random.pick([raw("1.0"), "1.0", raw("0.1"), raw("1e21")]) } : {}),
    ...(random.chance(0.2) ? { "x-own": json(random) } : {}),
    ...(random.chance(0.25) ? { timeout: random.pick(["1ms", "5s", "10m", "1h"]) } : {}),
    tasks,
  };
  const built = random.chance(0.75) ? (random.pick(constructs)(whole, known) as Definition) : whole;
  return random.chance(0.1) ? random.pick(faults)(built, known) : built;
};

/** What a session begins with, often with something that conditions and lists of the definitions look at. */
export const payload = (known: Known): Part => {
  const { random } = known;
  if (random.chance(0.3)) return {};
  if (random.chance(0.05)) return { initialPayload: { edge: random.pick(edges) } };
  if (random.chance(0.1)) return { initialPayload: null };
  const looked = {
    a: random.pick<Value>([1, raw("1.0"), "2s", null]),
    list: [random.pick([1, "é", null]), someAgentId(known)],
    host: random.pick(["api.test", "[::1]", "a b"]),
    until: random.pick(["2026-11-22T09:00:00Z", "soon"]),
  };
  return { initialPayload: random.chance(0.5) ? { ...jsonObject(random), ...looked } : jsonObject(random) };
};
