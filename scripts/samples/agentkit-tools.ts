import type { JsonBody } from "./agentkit-schema.ts";
import type { Reply } from "./listener.ts";
import { post } from "./post.ts";

/** Runs inside AgentKit. What it throws is the error that it reports. */
export type LocalTool = (given: JsonBody) => unknown;

/** Where external tools listen, by name: AgentKit posts `{"arguments": …}` there. */
export type ExternalTools = Readonly<Record<string, string>>;

const countWords: LocalTool = ({ text }) => {
  if (typeof text !== "string") throw new Error("Missing required parameter: 'text'.");
  return { words: text.split(/\s+/u).filter((word) => word !== "").length, characters: [...text].length };
};

/** AgentKit's own, which here has no model to ask; and two to try tool tasks with. */
const localTools = new Map<string, LocalTool>([
  [
    "generic_llm_completion",
    ({ model, messages }) => {
      if (!model || !messages) throw new Error("Missing required parameters: 'model' and 'messages'.");
      throw new Error("No model is configured.");
    },
  ],
  ["word_count", countWords],
  [
    "always_fails",
    () => {
      throw new Error("This tool always fails.");
    },
  ],
]);

/** Answers a tool invocation as recorded: at once, with the result, and with 202 for a tool that failed, too. */
export const invokeTool = async (body: JsonBody, external: ExternalTools, signal: AbortSignal): Promise<Reply> => {
  const { tool_name: name, arguments: given } = body["payload"] as JsonBody;
  if (!name) return refused(400, "Missing 'tool_name' in payload for tool_invocation message type.");
  const tool = String(name);
  const local = localTools.get(tool);
  if (local !== undefined) return runLocal(tool, local, (given ?? {}) as JsonBody);
  const endpoint = Object.hasOwn(external, tool) ? external[tool] : undefined;
  if (endpoint === undefined) return refused(404, `Tool '${tool}' not found in registry (local or external).`);
  const call = { body: JSON.stringify({ arguments: given ?? {} }), timeoutMs: 15_000, signal };
  const answer = await post(endpoint, call).catch(() => null);
  if (answer === null) return refused(503, `Could not connect to external tool '${tool}' at ${endpoint}.`);
  const said = JSON.parse(answer.body) as JsonBody;
  if (answer.status >= 400) {
    const detail = `Status ${answer.status} - Response: ${pythonText(said)}`;
    return refused(answer.status, `External tool '${tool}' returned error: ${detail}`);
  }
  const error = said["status"] === "error" ? String(said["error_message"]) : null;
  return outcome("External", tool, said, error);
};

const runLocal = (name: string, tool: LocalTool, given: JsonBody): Reply => {
  try {
    return outcome("Local", name, { status: "success", result: tool(given) }, null);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return outcome("Local", name, { status: "error", error_message: message }, message);
  }
};

const outcome = (kind: "Local" | "External", name: string, data: JsonBody, error: string | null): Reply => ({
  status: 202,
  body: {
    status: error === null ? "success" : "error",
    message: `${kind} tool '${name}' ${error === null ? "executed successfully." : `execution failed: ${error}`}`,
    data,
    error_code: error === null ? null : `${kind.toUpperCase()}_TOOL_EXECUTION_FAILED`,
  },
});

/** As Python prints a value of JSON. */
const pythonText = (value: unknown): string => {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "string") return `'${value.replaceAll("'", "\\'")}'`;
  if (Array.isArray(value)) return `[${value.map(pythonText).join(", ")}]`;
  if (typeof value !== "object") return String(value);
  return `{${Object.entries(value)
    .map(([key, member]) => `${pythonText(key)}: ${pythonText(member)}`)
    .join(", ")}}`;
};

const refused = (status: number, detail: string): Reply => ({ status, body: { detail } });
