import { didYouMean } from "./check-names.ts";
import type { DraftTask, Written } from "./draft.ts";
import type { ExpressionReads } from "./expression-roots.ts";
import { ExpressionTally } from "./expression-tally.ts";
import { parseExpression } from "./expression.ts";
import { pointerTo, quoted, type DefinitionFault } from "./pointer.ts";
import { endsAsWritten, partsOf, type Part } from "./template-parts.ts";
import { occurrences, type Occurrence } from "./template.ts";

/** What the check of an expression goes by. */
export interface Scope {
  readonly known: ReadonlyMap<string, number>;
  /** False: an id is missing, and any unknown name may be the missing one. */
  readonly idsKnown: boolean;
  /** What comes before each task, fallbacks and compensations too; `null`: the order is not known. */
  readonly earlier: readonly ReadonlySet<number>[] | null;
  /** The task that each side task stands beside. */
  readonly sides: ReadonlyMap<number, { readonly from: number; readonly kind: "fallback" | "compensation" }>;
}

const conditionOf = (text: string, pointer: string): Occurrence => {
  const { length } = text;
  const shown = `\`${quoted(text)}\``;
  const parsed = parseExpression(text, { expect: "bool" });
  if (!parsed.ok && text.trimStart().startsWith("${")) {
    return { pointer, shown, length, parsed: { ...parsed, hint: "A condition is written without `${` and `}`." } };
  }
  // It is evaluated as the template of this one expression: a brace in a comment would end it elsewhere.
  if (!parsed.ok || endsAsWritten(text)) return { pointer, shown, length, parsed };
  const message = "must not have braces in comments.";
  return { pointer, shown, length, parsed: { ok: false, code: "malformed_reference", message } };
};

const listFault = (pointer: string): DefinitionFault => ({
  pointer,
  code: "invalid_value",
  message: "`forEach` is a list, or one `${…}` and nothing beside it.",
});

/** The expression that is the whole of a text, or `null`; of more than one only the first is read. */
const onlyPart = (text: string): Part | null => {
  const parts = partsOf(text, { expect: "list" });
  const first = parts.next().value;
  return typeof first === "object" && parts.next().done === true ? first : null;
};

/** The expressions in what was written, or a fault where there should be one and is none. */
function* expressionsIn({ value, kind, path, secrets }: Written, at: number): Generator<Occurrence | DefinitionFault> {
  const whole = ["tasks", at, ...path];
  if (kind === "condition") yield conditionOf(value as string, pointerTo(whole));
  else if (kind === "template" || typeof value !== "string") yield* occurrences(value, whole, { secrets });
  else {
    const only = onlyPart(value);
    yield only === null ? listFault(pointerTo(whole)) : { pointer: pointerTo(whole), ...only };
  }
}

/** Why this task cannot be read here, or `null`. */
const orderFault = (scope: Scope, at: number, named: number, taskId: string, isAfter: boolean): string | null => {
  if (named === at) return isAfter ? null : "a task cannot read itself before it has ended.";
  if (scope.earlier === null || scope.earlier[at]!.has(named)) return null;
  const side = scope.sides.get(named);
  const name = quoted(taskId);
  if (side === undefined) return `\`${name}\` has not always ended before this task is entered.`;
  return side.kind === "fallback"
    ? `\`${name}\` is a fallback; what it gives stands as the output of the task it replaces.`
    : `\`${name}\` undoes another task and is read by none.`;
};

function* readFaults(scope: Scope, at: number, written: Written, reads: ExpressionReads): Generator<readonly string[]> {
  for (const name of ["item", "index"] as const) {
    if (reads[name] && !written.isItem) {
      yield ["invalid_reference", `\`${name}\` is known only inside the \`task\` of a map.`];
    }
  }
  for (const taskId of new Set(reads.tasks.map((read) => read.taskId))) {
    const named = scope.known.get(taskId);
    if (named === undefined) {
      if (!scope.idsKnown) continue;
      yield ["unknown_reference", `there is no task \`${quoted(taskId)}\`.${didYouMean(taskId, scope.known)}`];
    } else {
      const reason = orderFault(scope, at, named, taskId, written.isAfter);
      if (reason !== null) yield ["invalid_reference", reason];
    }
  }
}

/** What is wrong with the expressions of the tasks, in their order. Lazy, so that a caller who has enough can stop; ends at the limits. */
export function* referenceFaults(tasks: readonly DraftTask[], scope: Scope): Generator<DefinitionFault> {
  const tally = new ExpressionTally();
  for (const [at, task] of tasks.entries()) {
    for (const written of task.written) {
      for (const found of expressionsIn(written, at)) {
        if (!("parsed" in found)) {
          yield found;
          continue;
        }
        const { pointer, shown, parsed } = found;
        const tooMany = tally.take(found);
        if (tooMany !== null) yield tooMany;
        if (tally.isFull) return;
        if (tooMany !== null) continue;
        if (!parsed.ok) {
          const hint = parsed.hint === undefined ? "" : ` ${parsed.hint}`;
          yield { pointer, code: parsed.code, message: `${shown}: ${parsed.message}${hint}` };
          continue;
        }
        for (const [code, message] of readFaults(scope, at, written, parsed.expression.reads)) {
          yield { pointer, code: code!, message: `${shown}: ${message}` };
        }
      }
    }
  }
}
