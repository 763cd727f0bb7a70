import type { Command } from "commander";
import type { AgentAnswer } from "../../contract/answers/agent.ts";
import type { AgentRegistration } from "../../sdk/inputs.ts";
import type { Act, Context } from "../context.ts";
import { usageError } from "../exit-codes.ts";
import { positive, readObjectFile } from "../inputs.ts";
import { printList, withPages, type ListOptions } from "../lists.ts";
import { cell, pairs } from "../text.ts";
import { getState, updateState } from "./legacy.ts";

interface PutOptions {
  readonly file?: string;
  readonly name?: string;
  readonly endpoint?: string;
  readonly capability?: readonly string[];
  readonly agentVersion?: string;
  readonly maxTasks?: number;
}

const another = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

/** What the file says, and what options say instead of it. */
const registrationOf = async ({ io }: Context, agentId: string, options: PutOptions): Promise<AgentRegistration> => {
  const { file, name, endpoint, capability, agentVersion, maxTasks } = options;
  const base = file === undefined ? {} : await readObjectFile<Partial<AgentRegistration>>(io, file);
  const contactEndpoint = endpoint ?? base.contactEndpoint;
  if (contactEndpoint === undefined) throw usageError("Where are tasks to be posted? Say --endpoint or --file.");
  const capacity = { metadata: { ...base.metadata, config: { maxConcurrentTasks: maxTasks } } };
  return {
    ...base,
    agentName: name ?? base.agentName ?? agentId,
    version: agentVersion ?? base.version ?? "1",
    capabilities: capability ?? base.capabilities ?? [],
    contactEndpoint,
    ...(maxTasks === undefined ? {} : capacity),
  };
};

const agentText = (agent: AgentAnswer): string =>
  pairs({
    agent: agent.agentId,
    name: agent.agentName,
    version: agent.version,
    capabilities: agent.capabilities,
    endpoint: agent.contactEndpoint,
    registration: agent.registration,
    "replaced by": agent.supersededBy,
    state: agent.state,
    liveness: agent.liveness,
    available: agent.available ? "yes" : `no: ${agent.unavailableReason?.message ?? "no reason"}`,
    tasks: `${agent.tasks.length} of ${agent.capacity}`,
    holds: agent.tasks.map(({ id }) => id),
    "last contact": agent.lastContactAt,
  });

/** `opscore agents …`; the first CLI called it `agent`. */
export const agentCommands = (program: Command, act: Act): void => {
  const agents = program.command("agents").alias("agent").description("the registry: who is there, and for what");

  withPages(agents.command("list").description("all agents, the newest first")).action(
    act((context, options: ListOptions) =>
      printList(context, "agents", options, (query) => context.client().agents.list(query), [
        ["AGENT", (agent) => cell(agent.agentId)],
        ["NAME", (agent) => cell(agent.agentName)],
        ["STATE", (agent) => cell(agent.state)],
        ["LIVENESS", (agent) => cell(agent.liveness)],
        ["AVAILABLE", (agent) => (agent.available ? "yes" : cell(agent.unavailableReason?.code))],
        ["TASKS", (agent) => `${agent.tasks.length}/${agent.capacity}`],
        ["CAPABILITIES", (agent) => cell(agent.capabilities.join(","))],
      ]),
    ),
  );

  agents
    .command("get <agent-id>")
    .description("one agent: registered, reported, live, available")
    .action(
      act(async ({ client, printer }, agentId: string) => {
        const agent = await client().agents.get(agentId);
        printer.result(agent, () => agentText(agent));
      }),
    );

  agents
    .command("put <agent-id>")
    .description("register an agent, or update its registration; its state and work are kept")
    .option("--endpoint <url>", "where tasks are posted")
    .option("--capability <name>", "what tasks may ask for; may be said several times", another)
    .option("--name <name>", "its identity over restarts; default: the id, or what the file says")
    .option("--agent-version <text>", "its version; default 1, or what the file says")
    .option("--max-tasks <count>", "how many tasks it takes at a time", positive)
    .option("--file <file>", "a registration as JSON; - is standard input")
    .action(
      act(async (context, agentId: string, options: PutOptions) => {
        const registration = await registrationOf(context, agentId, options);
        const agent = await context.client().agents.put(agentId, registration);
        context.printer.result(agent, () => agentText(agent));
      }),
    );

  withPages(agents.command("history <agent-id>").description("its state reports, the newest first")).action(
    act((context, agentId: string, options: ListOptions) =>
      printList(context, "reports", options, (query) => context.client().agents.history(agentId, query), [
        ["RECEIVED", (report) => cell(report.receivedAt)],
        ["STATE", (report) => cell(report.state)],
        ["ATTEMPT", (report) => cell(report.taskAttemptId)],
        ["DETAILS", (report) => cell(report.details)],
      ]),
    ),
  );

  getState(agents.command("get-state <agent-id>"), act);
  updateState(agents.command("update-state <agent-id> <state>"), act);
};
