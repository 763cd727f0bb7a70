import type { Command } from "commander";
import type { DryRunAnswer } from "../../contract/answers/dry-run.ts";
import type { WorkflowAnswer } from "../../contract/answers/workflow.ts";
import type { WorkflowDefinition } from "../../sdk/definition.ts";
import type { DryRun } from "../../sdk/inputs.ts";
import type { Act } from "../context.ts";
import { EXIT, exitCodeOfSession } from "../exit-codes.ts";
import { given, positive, readDefinition, readObject } from "../inputs.ts";
import { printList, withPages, type ListOptions } from "../lists.ts";
import { cell, flat, jsonText, pairs, spanText, table } from "../text.ts";
import { triggerWorkflow } from "./legacy.ts";

const savedText = (saved: WorkflowAnswer): string =>
  pairs({ workflow: saved.workflowId, revision: saved.revision, hash: saved.hash, saved: saved.createdAt });

interface TestOptions {
  readonly mocks?: string;
  readonly input?: string;
  readonly revision?: number;
  readonly file?: string;
  readonly agent?: string;
  readonly startAt?: string;
}

const dryRunText = (run: DryRunAnswer): string => {
  const head = pairs({
    workflow: run.workflowId,
    revision: run.revision ?? "of the file",
    status: run.status,
    reason: run.reason,
    stopped: run.stopped?.message,
    took: `${spanText(run.elapsedMs)} (virtual)`,
    "without a mock": run.defaulted,
    "mocks not asked for": run.unused,
  });
  if (run.session.tasks.length === 0) return head;
  const rows = run.session.tasks.map((task) => [
    cell(task.taskId),
    task.status,
    String(task.attempts.length),
    cell(task.error === null ? task.output : `${task.error.code}: ${task.error.message}`),
  ]);
  return `${head}\n\n${table(["TASK", "STATUS", "ATTEMPTS", "OUTPUT"], rows)}`;
};

const read = (workflows: Command, act: Act): void => {
  withPages(workflows.command("list").description("the newest revision of each workflow")).action(
    act((context, options: ListOptions) =>
      printList(context, "workflows", options, (query) => context.client().workflows.list(query), [
        ["WORKFLOW", (workflow) => cell(workflow.workflowId)],
        ["REVISION", (workflow) => String(workflow.revision)],
        ["SAVED", (workflow) => cell(workflow.createdAt)],
      ]),
    ),
  );

  workflows
    .command("get <workflow-id>")
    .description("a revision with its definition")
    .option("--revision <number>", "which one; default: the newest", positive)
    .action(
      act(async ({ client, printer }, workflowId: string, { revision }: { readonly revision?: number }) => {
        const found = await client().workflows.get(workflowId, given({ revision }));
        printer.result(found, () => `${savedText(found)}\n\n${jsonText(found.definition, 2)}`);
      }),
    );
};

const write = (workflows: Command, act: Act): void => {
  workflows
    .command("save <file>")
    .description("save a definition (YAML or JSON; - is standard input): a new revision if anything has changed")
    .action(
      act(async ({ client, io, printer }, file: string) => {
        const saved = await client().workflows.save(await readDefinition<WorkflowDefinition>(io, file));
        printer.result(saved, () => savedText(saved));
      }),
    );

  workflows
    .command("validate <file>")
    .description("check a definition (YAML or JSON; - is standard input) without saving it; faults end with 1")
    .action(
      act(async ({ client, io, printer }, file: string) => {
        const valid = await client().workflows.validate(await readDefinition<WorkflowDefinition>(io, file));
        printer.result(valid, () => `${flat(valid.workflowId)} has no faults: ${valid.tasks} tasks`);
        if (printer.json) return;
        for (const { pointer, message } of valid.warnings) printer.note(`warning: ${flat(`${pointer} ${message}`)}`);
      }),
    );
};

const dryRun = (workflows: Command, act: Act): void => {
  workflows
    .command("test <workflow-id>")
    .description("run a workflow against mocks, in virtual time: no agent is asked, nothing is written")
    .option("--mocks <json>", "outcomes by taskId: JSON, @FILE or -")
    .option("--input <json>", "the input: JSON, @FILE or -")
    .option("--revision <number>", "default: the newest", positive)
    .option("--file <file>", "a definition as JSON, instead of a saved one")
    .option("--agent <agent-id>", "the agent that the session is for")
    .option("--start-at <time>", "when it starts (RFC 3339)")
    .action(
      act(async ({ client, io, printer, endWith }, workflowId: string, options: TestOptions) => {
        const { mocks, input, file, revision, agent, startAt } = options;
        const body = given({
          revision,
          agentId: agent,
          startAt,
          mocks: mocks === undefined ? undefined : ((await readObject(io, mocks, "--mocks")) as DryRun["mocks"]),
          initialPayload: input === undefined ? undefined : await readObject(io, input, "--input"),
          workflowDefinition:
            file === undefined
              ? undefined
              : ((await readObject(io, `@${file}`, file)) as unknown as WorkflowDefinition),
        });
        const run = await client().workflows.test(workflowId, body as DryRun);
        printer.result(run, () => dryRunText(run));
        endWith(run.stopped === null ? exitCodeOfSession(run.status) : EXIT.ok);
      }),
    );
};

/** `opscore workflows …`; the first CLI called it `workflow`. */
export const workflowCommands = (program: Command, act: Act): void => {
  const workflows = program.command("workflows").alias("workflow").description("definitions and their revisions");
  read(workflows, act);
  write(workflows, act);
  dryRun(workflows, act);
  triggerWorkflow(workflows, act);
};
