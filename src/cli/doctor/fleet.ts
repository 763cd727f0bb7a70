import type { AgentAnswer } from "../../contract/answers/agent.ts";
import type { SessionAnswer, SessionDetailAnswer } from "../../contract/answers/session.ts";
import type { Context } from "../context.ts";
import { flat } from "../text.ts";
import { fault, ok, type Finding } from "./finding.ts";

/** A session whose time has come this long ago is overdue: nothing ticks. */
const OVERDUE_MS = 120_000;
/** AgentKit delivers at once or never. */
const SWALLOWED_MS = 20_000;
/** What an agent's clock may be off, in milliseconds. */
const AGENT_SKEW_MS = 300_000;
/** So many rows are looked at, the newest first. */
const MOST = 1_000;
/** So many sessions are read whole. */
const READ = 20;

const first = async <T>(rows: AsyncIterable<T>, most: number): Promise<readonly T[]> => {
  const found: T[] = [];
  for await (const row of rows) {
    if (found.push(row) >= most) break;
  }
  return found;
};

const some = (names: readonly string[]): string =>
  names.slice(0, 5).map(flat).join(", ") + (names.length > 5 ? ` and ${names.length - 5} more` : "");

const checkAgents = (agents: readonly AgentAnswer[]): readonly Finding[] => {
  const registered = agents.filter(({ registration }) => registration === "registered");
  const lost = registered.filter(({ liveness }) => liveness === "lost").map(({ agentId }) => agentId);
  const skewed = registered.filter(({ clockSkewMs }) => Math.abs(clockSkewMs ?? 0) > AGENT_SKEW_MS);
  return [
    lost.length === 0
      ? ok("agents", `${registered.length} registered, none is lost`)
      : fault(
          "agents-lost",
          `lost: ${some(lost)}`,
          "Restart them: each took a task and let its deadline pass in silence.",
        ),
    ...(skewed.length === 0
      ? []
      : [
          fault(
            "agent-clock",
            `clocks are off by more than five minutes: ${some(skewed.map(({ agentId }) => agentId))}`,
            "Set their clocks by NTP.",
          ),
        ]),
  ];
};

const checkTicks = (open: readonly SessionAnswer[], now: number): Finding => {
  const overdue = open.filter(({ nextAt }) => nextAt !== null && now - Date.parse(nextAt) > OVERDUE_MS);
  return overdue.length === 0
    ? ok("ticks", `${open.length} open sessions, none is overdue`)
    : fault(
        "ticks",
        `overdue by more than two minutes: ${some(overdue.map(({ sessionId }) => sessionId))}: nothing ticks`,
        "On Workers see the cron trigger in wrangler.toml and its log; on Node see that the server is not overloaded.",
      );
};

const isSwallowed = ({ tasks }: AgentAnswer, now: number): boolean =>
  tasks.some(
    (task) =>
      task.transport === "agentkit" && !task.deliveryConfirmed && now - Date.parse(task.dispatchedAt) > SWALLOWED_MS,
  );

const attemptsOf = (sessions: readonly SessionDetailAnswer[]) =>
  sessions.flatMap(({ tasks }) => tasks.flatMap((task) => task.attempts));

/** Whom AgentKit has taken tasks for and delivered none. */
const checkAgentKit = (
  agents: readonly AgentAnswer[],
  sessions: readonly SessionDetailAnswer[],
  now: number,
): readonly Finding[] => {
  const lost = attemptsOf(sessions).filter((one) => one.status === "start_deadline" && one.transport === "agentkit");
  const holding = agents.filter((agent) => isSwallowed(agent, now));
  const swallowed = new Set([...lost, ...holding].map(({ agentId }) => agentId));
  if (swallowed.size === 0) return [];
  const message = `AgentKit took tasks that never arrived, for: ${some([...swallowed])}`;
  const fix =
    "Set OPSCORE_DISPATCH=direct (or auto) where agents can be reached: AgentKit as published delivers nothing.";
  return [fault("agentkit-swallows", message, fix)];
};

/** Why what is open could not be delivered, by the words of its attempts. */
const checkDeliveries = (open: readonly SessionDetailAnswer[]): readonly Finding[] => {
  const refused = new Map<string, string>();
  const gone = new Map<string, string>();
  const unreached = new Set<string>();
  for (const { agentId, notes, error } of attemptsOf(open)) {
    const words = [...notes, error?.message ?? ""].join("; ");
    const [egress] = /(?<=egress policy refuses )[^;]+/.exec(words) ?? [];
    const [agentKit] = /AgentKit at \S+ [^;]+/.exec(words) ?? [];
    const [endpoint] = /(?<!AgentKit at )https?:\/\/\S+ (?!answered)[^;]+/.exec(words) ?? [];
    if (egress !== undefined) refused.set(agentId, egress);
    // Through AgentKit is the second way: what is to be mended is the first.
    else if (endpoint !== undefined) gone.set(agentId, endpoint);
    else if (agentKit !== undefined) unreached.add(flat(agentKit));
  }
  const named = (found: ReadonlyMap<string, string>): string => some([...found].map(([id, what]) => `${id} (${what})`));
  const findings: Finding[] = [];
  if (refused.size > 0) {
    const message = `the egress policy refuses where agents are: ${named(refused)}`;
    findings.push(
      fault("egress", message, "Register a public address, or set OPSCORE_EGRESS=local if they may be called."),
    );
  }
  if (gone.size > 0) {
    const fix = "Start the agent, or register where it is: opscore agents put ID --endpoint URL.";
    findings.push(fault("agent-unreachable", `tasks cannot be delivered to: ${named(gone)}`, fix));
  }
  if (unreached.size > 0) {
    const fix = "Start AgentKit, or see AGENTKIT_API_URL on the server.";
    findings.push(fault("agentkit-unreachable", some([...unreached]), fix));
  }
  return findings;
};

/** The fleet and its work, as the API shows them. Reads a bounded part of them, the newest first. */
export const checkFleet = async ({ client, io }: Context): Promise<readonly Finding[]> => {
  const { agents: registry, sessions: runs } = client();
  const now = io.seams?.now() ?? Date.now();
  const agents = await first(registry.list({ limit: 200 }), MOST);
  const open = await first(runs.list({ status: "open", limit: 200 }), MOST);
  const failed = await first(runs.list({ status: "failed", endedAfter: new Date(now - 3_600_000), limit: READ }), READ);
  // What hangs is rather an old session.
  const suspects = open.filter(({ status }) => status !== "paused").slice(-READ);
  const details = async (sessions: readonly SessionAnswer[]): Promise<readonly SessionDetailAnswer[]> => {
    const found: SessionDetailAnswer[] = [];
    for (const { sessionId } of sessions) found.push(await runs.get(sessionId));
    return found;
  };
  const [hanging, ended] = [await details(suspects), await details(failed)];
  return [
    ...checkAgents(agents),
    checkTicks(open, now),
    ...checkAgentKit(agents, [...hanging, ...ended], now),
    ...checkDeliveries(hanging),
  ];
};
