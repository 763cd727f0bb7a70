import type { Command } from "commander";
import type { TaskControlledAnswer } from "../../contract/answers/control.ts";
import type { Decision } from "../../sdk/inputs.ts";
import type { Act, Context } from "../context.ts";
import { given, readJson } from "../inputs.ts";
import { pairs } from "../text.ts";

interface KeyOptions {
  readonly idempotencyKey?: string;
}

const word = (sessions: Command, verb: string, description: string): Command =>
  sessions
    .command(`${verb} <session-id> <task-id>`)
    .description(description)
    .option("--idempotency-key <key>", "names the wish: the same key again changes nothing more");

const print = ({ printer }: Context, answer: TaskControlledAnswer): void =>
  printer.result(answer, () => pairs({ session: answer.sessionId, task: answer.taskId, status: answer.status }));

/** `opscore sessions approve|reject|retry|skip|complete|fail`: a person's word about one task. */
export const sessionTaskCommands = (sessions: Command, act: Act): void => {
  for (const [verb, description] of [
    ["approve", "approve what an approval asks"],
    ["reject", "reject what an approval asks"],
  ] as const) {
    word(sessions, verb, description)
      .option("--by <name>", "who decides")
      .option("--comment <text>", "what they have to say")
      .action(
        act(async (context, sessionId: string, taskId: string, options: KeyOptions & Decision) => {
          const { idempotencyKey, by, comment } = options;
          const { sessions: api } = context.client();
          const decide = verb === "approve" ? api.approveTask : api.rejectTask;
          print(context, await decide(sessionId, taskId, given({ by, comment }), given({ idempotencyKey })));
        }),
      );
  }

  for (const [verb, description] of [
    ["retry", "try a task now, instead of at the planned time"],
    ["skip", "go on without a task"],
  ] as const) {
    word(sessions, verb, description).action(
      act(async (context, sessionId: string, taskId: string, options: KeyOptions) => {
        const { sessions: api } = context.client();
        print(context, await (verb === "retry" ? api.retryTask : api.skipTask)(sessionId, taskId, {}, given(options)));
      }),
    );
  }

  word(sessions, "complete", "count a task as completed")
    .option("--output <json>", "its output: JSON, @FILE or -")
    .action(
      act(async (context, sessionId: string, taskId: string, options: KeyOptions & { readonly output?: string }) => {
        const { idempotencyKey, output } = options;
        const body = output === undefined ? {} : { output: await readJson(context.io, output, "--output") };
        print(
          context,
          await context.client().sessions.completeTask(sessionId, taskId, body, given({ idempotencyKey })),
        );
      }),
    );

  word(sessions, "fail", "count a task as failed")
    .option("--message <text>", "why")
    .option("--code <code>", "what kind of failure; goes with --message")
    .action(
      act(async (context, sessionId: string, taskId: string, options: FailOptions) => {
        const { idempotencyKey, message, code } = options;
        const body = message === undefined ? {} : { error: { message, ...given({ code }) } };
        print(context, await context.client().sessions.failTask(sessionId, taskId, body, given({ idempotencyKey })));
      }),
    );
};

interface FailOptions extends KeyOptions {
  readonly message?: string;
  readonly code?: string;
}
