import { auditNow, stillOpen } from "./audit.ts";
import { openCrashDatabase, type CrashDatabase } from "./database.ts";
import { makeCryptoDeterministic } from "../environment.ts";
import { differences, outcomeOf, type Outcome } from "./outcome.ts";
import { People } from "./people.ts";
import type { Story } from "./story.ts";
import { CrashWorld, START, type Call, type Kill, type Settings } from "./world.ts";

const LIMIT_MS = 60 * 60_000;

interface Run {
  readonly outcome: Outcome;
  readonly calls: readonly Call[];
  readonly deaths: readonly Call[];
  /** Requests that got no answer. */
  readonly lost: number;
  readonly routes: ReadonlySet<string>;
  /** When the last session had ended (ms after the start). */
  readonly tookMs: number;
}

let database: CrashDatabase | null = null;

/** Calls that an invocation on Workers may make itself last so long at most (ms). */
const OWN_MS = 20_000;

const limitsOf = (which: NonNullable<Story["handsOn"]>, isSweeping: () => boolean): Settings["callLimits"] =>
  which === "all"
    ? { firstMs: 0, againMs: Infinity }
    : {
        firstMs: OWN_MS,
        get againMs() {
          return isSweeping() ? Infinity : OWN_MS;
        },
      };

/** Tells a story once. */
const tell = async (story: Story, more: Pick<Settings, "broken" | "plan" | "frames"> = {}): Promise<Run> => {
  if (database === null) {
    makeCryptoDeterministic(); // the order of the calls must not depend on WebCrypto's threads
    database = await openCrashDatabase();
  }
  const db = database;
  await db.reset();
  const world: CrashWorld = new CrashWorld(db, {
    mode: story.mode ?? "direct",
    own: story.own ?? 100,
    hints: story.hints ?? "delivered",
    ...(story.handsOn === undefined ? {} : { callLimits: limitsOf(story.handsOn, () => world.isSweeping) }),
    audit: () => auditNow(db),
    agents: (request) => people.receive(request),
    ...more,
  });
  const people: People = new People(world);
  world.time.after(0, () => story.play(people, world));
  const isOver = await world.run(async () => (await stillOpen(db)).length === 0, LIMIT_MS);
  if (!isOver) world.bugs.push(`not over after ${LIMIT_MS / 60_000} minutes`);
  world.disarm();
  const tookMs = world.time.now - START;
  const [calls, deaths] = [[...world.calls], [...world.deaths]];
  const { routes, lost } = world;
  return { outcome: await outcomeOf(world, db, people.said), calls, deaths, lost, routes: new Set(routes), tookMs };
};

/** Virtual time that a death may cost: the dispatch lease, and L3's 65 s until cron has looked. */
const RECOVERY_MS = 30_000 + 65_000;

/** A death, and how many crash points it stands for. */
interface Death {
  readonly kill: Kill;
  readonly call: Call;
  points: number;
}

/**
 * Every crash point of some calls, those that leave the same world behind taken together: a read changes nothing, so
 * nobody can tell whether the worker died before it, after it, or before the next call of the same invocation.
 */
const deathsIn = (calls: readonly Call[]): readonly Death[] => {
  const deaths = new Map<string, Death>();
  let acted = 0;
  for (const [at, call] of calls.entries()) {
    for (const when of ["before", "after"] as const) {
      if (when === "after" && call.acts) acted += 1;
      const world = `${acted} in ${call.invocation}`;
      const known = deaths.get(world);
      if (known === undefined) deaths.set(world, { kill: { call: at + 1, when }, call, points: 1 });
      else known.points += 1;
    }
  }
  return [...deaths.values()];
};

/** What deaths changed, each with its story, crash point and difference. */
export interface Findings {
  /** Crash points, and deaths that stand for them. */
  points: number;
  deaths: number;
  /** Requests whose answer was lost. */
  lost: number;
  /** P2, P3, P4, P6, P10: at the death or in the end. */
  readonly faults: string[];
  /** P8: what senders were told. */
  readonly answers: string[];
  /** L3: everything else, and the time it took. */
  readonly others: string[];
}

const noFindings = (): Findings => ({ points: 0, deaths: 0, lost: 0, faults: [], answers: [], others: [] });

const where = ({ kill, call }: Death): string => `${kill.when} call ${kill.call}, ${call.useCase}, ${call.name}`;

/** What is in one list and not, or not as often, in the other. */
const without = (list: readonly string[], others: readonly string[]): readonly string[] => {
  const left = [...others];
  return list.filter((entry) => {
    const at = left.indexOf(entry);
    if (at !== -1) left.splice(at, 1);
    return at === -1;
  });
};

const judge = (findings: Findings, story: Story, reference: Run, run: Run, at: string): void => {
  const { faults, answers, ...rest } = run.outcome;
  const { faults: _, answers: expected, ...others } = reference.outcome;
  const say = (list: string[], changes: readonly string[]): void => {
    const lines = [...new Set(changes)].slice(0, 8);
    if (lines.length > 0) list.push(`"${story.name}", killed ${at}:\n  ${lines.join("\n  ")}`);
  };
  say(findings.faults, faults);
  say(findings.answers, [
    ...without(answers, expected).map((answer) => `answered ${answer}`),
    ...without(expected, answers).map((answer) => `instead of ${answer}`),
  ]);
  say(findings.others, differences(others, rest, "outcome"));
  const lateMs = run.tookMs - reference.tookMs - run.deaths.length * RECOVERY_MS - (story.slackMs ?? 0);
  if (lateMs > 0) say(findings.others, [`${lateMs / 1_000} s later than a lease and 65 s for each death`]);
  findings.lost += run.lost;
};

type Broken = Settings["broken"];

const references = new Map<string, Promise<Run>>();

/** The story without deaths, told once. */
export const referenceOf = (story: Story, broken?: Broken): Promise<Run> => {
  const key = `${story.name}/${broken ?? ""}`;
  const known = references.get(key) ?? tell(story, broken === undefined ? { frames: true } : { broken });
  references.set(key, known);
  return known;
};

interface Single {
  readonly death: Death;
  readonly run: Run;
}

interface Singles {
  readonly findings: Findings;
  readonly runs: readonly Single[];
}

const dieOnce = async (story: Story, useCase: string, broken?: Broken): Promise<Singles> => {
  const reference = await referenceOf(story, broken);
  const findings = noFindings();
  const runs: Single[] = [];
  for (const death of deathsIn(reference.calls)) {
    if (death.call.useCase !== useCase) continue;
    const run = await tell(story, { plan: { first: death.kill }, ...(broken === undefined ? {} : { broken }) });
    // The way to the crash point must be the way without it.
    const [died] = run.deaths;
    if (died?.number !== death.kill.call || died.name !== death.call.name || died.useCase !== useCase) {
      throw new Error(`"${story.name}" is told in another way each time: ${where(death)}`);
    }
    findings.points += death.points;
    findings.deaths += 1;
    judge(findings, story, reference, run, where(death));
    runs.push({ death, run });
  }
  return { findings, runs };
};

const singles = new Map<string, Promise<Singles>>();

const singlesOf = (story: Story, useCase: string, broken?: Broken): Promise<Singles> => {
  const key = `${story.name}/${useCase}/${broken ?? ""}`;
  const known = singles.get(key) ?? dieOnce(story, useCase, broken);
  singles.set(key, known);
  return known;
};

/** Kills a worker at every crash point of a use case, one at a time, and lets others go on. */
export const killOnce = async (story: Story, useCase: string, broken?: Broken): Promise<Findings> =>
  (await singlesOf(story, useCase, broken)).findings;

/** Calls of the recovery at which it is killed as well: two reads, where an operator is at it, and the write. */
const AGAIN = 3;

/** Which invocation of each make is killed twice: it costs too much to do so with all that are alike. */
const chosen = new Map<string, string>();

const isChosen = (story: Story, reference: Run, { useCase, invocation }: Call): boolean => {
  const names = reference.calls.filter((call) => call.invocation === invocation).map(({ name }) => name);
  const make = [useCase, ...names].join("\n").replaceAll(/http:\/\/[^/]+/g, "");
  const own = `${story.name}/${invocation}`;
  const first = chosen.get(make) ?? own;
  chosen.set(make, first);
  return first === own;
};

/**
 * The same, and the worker that recovers dies at one of its first calls. Only one invocation of each make, so there
 * is none where another story had them all.
 */
export const killTwice = async (story: Story, useCase: string): Promise<Findings> => {
  const reference = await referenceOf(story);
  const { runs } = await singlesOf(story, useCase);
  const findings = noFindings();
  for (const { death, run } of runs) {
    if (!isChosen(story, reference, death.call)) continue;
    for (const again of deathsIn(run.calls.slice(death.kill.call, death.kill.call + AGAIN))) {
      const twice = await tell(story, { plan: { first: death.kill, again: again.kill } });
      findings.points += again.points;
      findings.deaths += 1;
      judge(findings, story, reference, twice, `${where(death)}; then ${where(again)}`);
    }
  }
  return findings;
};
