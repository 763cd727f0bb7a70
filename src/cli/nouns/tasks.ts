import type { Command } from "commander";
import type { SettledAnswer } from "../../contract/answers/settle.ts";
import type { TaskDetailAnswer } from "../../contract/answers/task.ts";
import type { SingleTask, TaskQuery } from "../../sdk/inputs.ts";
import type { Act } from "../context.ts";
import { usageError } from "../exit-codes.ts";
import { given, positiveOrZero, readJson, readObject } from "../inputs.ts";
import { printList, withPages, type ListOptions } from "../lists.ts";
import { cell, pairs, table } from "../text.ts";

interface TaskListOptions extends ListOptions {
  readonly status?: string;
  readonly agent?: string;
  readonly session?: string;
  readonly workflow?: string;
}

interface EnqueueOptions {
  readonly agent?: string;
  readonly capability?: string;
  readonly name?: string;
  readonly parameters?: string;
  readonly priority?: number;
  readonly delay?: string;
  readonly at?: string;
  readonly idempotencyKey?: string;
}

const taskText = (task: TaskDetailAnswer): string => {
  const head = pairs({
    task: task.id,
    "in the definition": task.taskId,
    name: task.name === task.taskId ? null : task.name,
    status: task.status,
    session: task.sessionId,
    workflow: task.workflowId,
    agent: task.agentId,
    parameters: task.parameters,
    output: task.output,
    error: task.error === null ? null : `${task.error.code}: ${task.error.message}`,
    "late results": task.lateResults === 0 ? null : task.lateResults,
  });
  if (task.attempts.length === 0) return head;
  const rows = task.attempts.map((attempt) => [
    cell(attempt.id),
    attempt.status,
    cell(attempt.agentId),
    cell(attempt.transport),
    cell(attempt.error === null ? null : `${attempt.error.code}: ${attempt.error.message}`),
  ]);
  return `${head}\n\n${table(["ATTEMPT", "STATUS", "AGENT", "VIA", "ERROR"], rows)}`;
};

const settledText = ({ id, attempt, status }: SettledAnswer): string => pairs({ task: id, attempt, status });

/** What agents say of their attempts, by hand. */
const settle = (tasks: Command, act: Act): void => {
  tasks
    .command("complete <attempt-id>")
    .description("an attempt is done; the same again changes nothing")
    .option("--output <json>", "its output: JSON, @FILE or -")
    .option("--usage <json>", "what it used: JSON, @FILE or -")
    .action(
      act(async ({ client, io, printer }, attemptId: string, options: Readonly<Record<string, string>>) => {
        const { output, usage } = options;
        const settled = await client().tasks.complete(attemptId, {
          ...(output === undefined ? {} : { output: await readJson(io, output, "--output") }),
          ...(usage === undefined ? {} : { usage: await readObject(io, usage, "--usage") }),
        });
        printer.result(settled, () => settledText(settled));
      }),
    );

  tasks
    .command("fail <attempt-id>")
    .description("an attempt has failed; the same again changes nothing")
    .requiredOption("--message <text>", "why")
    .option("--code <code>", "what kind of failure", "failed")
    .option("--no-retry", "another attempt cannot succeed")
    .action(
      act(
        async (
          { client, printer },
          attemptId: string,
          { message, code, retry }: { readonly message: string; readonly code: string; readonly retry: boolean },
        ) => {
          const error = { code, message, ...(retry ? {} : { retryable: false }) };
          const settled = await client().tasks.fail(attemptId, { error });
          printer.result(settled, () => settledText(settled));
        },
      ),
    );

  tasks
    .command("heartbeat <attempt-id>")
    .description("an attempt is worked on")
    .option("--progress <json>", "how far it is: JSON, @FILE or -")
    .action(
      act(async ({ client, io, printer }, attemptId: string, { progress }: { readonly progress?: string }) => {
        const body = progress === undefined ? {} : { progress: await readJson(io, progress, "--progress") };
        const beat = await client().tasks.heartbeat(attemptId, body);
        printer.result(beat, () => settledText(beat));
      }),
    );
};

const single = (tasks: Command, act: Act): void => {
  tasks
    .command("enqueue")
    .description("one task without a workflow")
    .option("--agent <agent-id>", "who does it")
    .option("--capability <name>", "what whoever does it can do")
    .option("--name <name>", "what the agent is told that it is")
    .option("--parameters <json>", "what the agent is given: JSON, @FILE or -")
    .option("--priority <0-99>", "the higher the sooner; default 50", positiveOrZero)
    .option("--delay <duration>", "not before this has passed")
    .option("--at <time>", "not before this time (RFC 3339)")
    .option("--idempotency-key <key>", "names the wish: the same key again enqueues nothing more")
    .action(
      act(async ({ client, io, printer }, options: EnqueueOptions) => {
        const { agent, capability, name, parameters, priority, delay, at, idempotencyKey } = options;
        if (agent === undefined && capability === undefined) throw usageError("For whom? Say --agent or --capability.");
        const task: SingleTask = given({
          agentId: agent,
          agentCapability: capability,
          name,
          delay,
          at,
          priority,
          parameters: parameters === undefined ? undefined : await readObject(io, parameters, "--parameters"),
        });
        const made = await client().tasks.enqueue(task, given({ idempotencyKey }));
        printer.result(made, () => pairs({ task: made.id, session: made.sessionId }));
      }),
    );

  tasks
    .command("cancel <task-id>")
    .description("cancel a task that was enqueued")
    .option("--reason <text>", "why")
    .action(
      act(async ({ client, printer }, taskId: string, options: { readonly reason?: string }) => {
        const cancelled = await client().tasks.cancel(taskId, given(options));
        printer.result(cancelled, () => pairs({ task: cancelled.id, status: cancelled.status }));
      }),
    );
};

/** `opscore tasks …`. */
export const taskCommands = (program: Command, act: Act): void => {
  const tasks = program.command("tasks").description("tasks, single ones and those of sessions, and their attempts");

  withPages(tasks.command("list").description("open tasks; with --session all tasks of that session"))
    .option("--status <statuses>", "one or several of waiting, retrying, running …, or open, ended")
    .option("--agent <agent-id>", "held by this agent")
    .option("--session <session-id>", "of this session")
    .option("--workflow <workflow-id>", "of sessions of this workflow")
    .action(
      act((context, options: TaskListOptions) => {
        const { status, agent, session, workflow } = options;
        const filter = given({ status, agentId: agent, sessionId: session, workflowId: workflow }) as TaskQuery;
        return printList(context, "tasks", options, (page) => context.client().tasks.list({ ...filter, ...page }), [
          ["ID", (task) => cell(task.id)],
          ["TASK", (task) => cell(task.taskId)],
          ["STATUS", (task) => task.status],
          ["AGENT", (task) => cell(task.agentId)],
          ["ATTEMPTS", (task) => String(task.attempts)],
          ["SINCE", (task) => cell(task.since)],
          ["WORKFLOW", (task) => cell(task.workflowId)],
        ]);
      }),
    );

  tasks
    .command("get <task-id>")
    .description("a task with its attempts")
    .action(
      act(async ({ client, printer }, taskId: string) => {
        const task = await client().tasks.get(taskId);
        printer.result(task, () => taskText(task));
      }),
    );

  single(tasks, act);
  settle(tasks, act);
};
