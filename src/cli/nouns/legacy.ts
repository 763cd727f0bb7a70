import { Argument, type Command } from "commander";
import type { Act } from "../context.ts";
import { usageError } from "../exit-codes.ts";
import { readObject } from "../inputs.ts";
import { flat, pairs } from "../text.ts";

/** The commands of the first CLI, as they were documented. */

/** The states that it knew; `--any-state` lets others pass, as the API does. */
const STATES = ["idle", "active", "error"];

interface UpdateOptions {
  readonly details?: string;
  readonly anyState?: boolean;
}

/** `get-state <agent-id>`. */
export const getState = (command: Command, act: Act): Command =>
  command.description("what an agent reported last").action(
    act(async ({ client, printer }, agentId: string) => {
      const state = await client().agents.getState(agentId);
      printer.result(state, () =>
        pairs({ agent: state.agentId, state: state.state, details: state.details, timestamp: state.timestamp }),
      );
    }),
  );

/** `update-state <agent-id> <state> [--details JSON]`. */
export const updateState = (command: Command, act: Act): Command =>
  command
    .description(`report a state for an agent: ${STATES.join(", ")}`)
    .option("--details <json>", "details of the report: JSON, @FILE or -")
    .option("--any-state", "another state than these")
    .action(
      act(async ({ client, io, printer }, agentId: string, state: string, options: UpdateOptions) => {
        const { details, anyState = false } = options;
        if (!anyState && !STATES.includes(state)) {
          throw usageError(
            `"${state.slice(0, 40)}" is none of ${STATES.join(", ")}.`,
            "--any-state reports it anyway.",
          );
        }
        const told = details === undefined ? null : await readObject(io, details, "--details");
        const answer = await client().agents.reportState(agentId, state, told);
        printer.result(answer, () =>
          flat(answer.applied === false ? `${answer.message} (${answer.reason})` : answer.message),
        );
      }),
    );

/** `workflow trigger <agent-id> <workflow-id> [--payload JSON]`. */
export const triggerWorkflow = (workflows: Command, act: Act): Command =>
  workflows
    .command("trigger")
    .addArgument(new Argument("<agent-id>", "the agent that the session is for"))
    .addArgument(new Argument("<workflow-id>", "a saved workflow"))
    .description("start a session for an agent; `sessions start` can do more")
    .option("--payload <json>", "the input: JSON, @FILE or -")
    .action(
      act(
        async (
          { client, io, printer },
          agentId: string,
          workflowId: string,
          options: { readonly payload?: string },
        ) => {
          const initialPayload =
            options.payload === undefined ? null : await readObject(io, options.payload, "--payload");
          const started = await client().agents.triggerWorkflow(agentId, {
            workflowDefinitionId: workflowId,
            initialPayload,
          });
          printer.result(started, () =>
            pairs({ session: started.sessionId, workflow: started.workflowId, message: started.message }),
          );
        },
      ),
    );
