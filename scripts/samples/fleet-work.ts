import type { Details, Json, ReceivedTask } from "./agent-options.ts";

/** What the agents of the sample fleet make of a task: fixed answers, so that every run ends the same. */

const given = (task: ReceivedTask): Details => (task.payload["task_parameters"] ?? {}) as Details;
const textOf = (value: Json | undefined): string => (typeof value === "string" ? value : JSON.stringify(value ?? null));

/** Finds sources on a topic or, given a text, checks that. */
export const searched = (task: ReceivedTask): Json => {
  const { topic, text, against } = given(task);
  if (text !== undefined) return { approved: true, text, checkedAgainst: against ?? null };
  const slug = encodeURIComponent(textOf(topic).toLowerCase().replaceAll(" ", "-"));
  const sources = ["almanac", "survey", "textbook"].map((kind) => ({
    kind,
    url: `https://example.org/${kind}/${slug}`,
  }));
  return { topic: topic ?? null, sources };
};

export const analysed = (task: ReceivedTask): Json => {
  const { topic, sources } = given(task);
  const count = Array.isArray(sources) ? sources.length : 0;
  return { findings: [`${count} sources agree about ${textOf(topic)}`, "none contradicts another"] };
};

export const written = (task: ReceivedTask): Json => {
  const { title, findings } = given(task);
  const body = Array.isArray(findings) ? (findings as readonly Json[]).map(textOf).join("; ") : textOf(findings);
  return { text: `${textOf(title)}: ${body}.` };
};

/** Does what `action` says; what it does not know is simply done. */
export const operated = (task: ReceivedTask): Json => {
  const { action, ...rest } = given(task);
  switch (action) {
    case "assess": {
      const rate = Number(rest["errorsPerMinute"]);
      return {
        severity: rate >= 100 ? "critical" : "minor",
        summary: `${textOf(rest["service"])}: ${rate} errors/min`,
      };
    }
    case "export":
      return { rows: 1_200, file: `export-${textOf(rest["batch"])}.csv` };
    case "load":
      return { rows: Number(rest["rows"]) - Number(rest["lose"]), batch: `batch-${textOf(rest["batch"])}` };
    default:
      return { done: action ?? null, ...rest };
  }
};

/** A check of two numbers that are not the same. */
export const isWrong = (task: ReceivedTask): boolean => {
  const { action, expected, found } = given(task);
  return action === "check" && expected !== found;
};
