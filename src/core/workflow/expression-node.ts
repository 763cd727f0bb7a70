import type { Signature } from "./expression-functions.ts";
import type { BinaryOperator } from "./expression-types.ts";
import type { Value } from "./expression-value.ts";

/** What an expression may read by a name of its own. */
export const rootNames = ["input", "session", "agent", "item", "index"] as const;
export type RootName = (typeof rootNames)[number];

/** What is to be known of a task. */
export const taskMembers = ["output", "status", "attempts", "error"] as const;
export type TaskMember = (typeof taskMembers)[number];

export const macroNames = ["all", "exists", "exists_one", "filter", "map"] as const;
export type MacroName = (typeof macroNames)[number];

/** A step of an expression, checked and with its names resolved. A variable of a macro is a slot, by nesting. */
export type Node =
  | { readonly op: "literal"; readonly value: Value }
  | { readonly op: "root"; readonly name: RootName }
  | { readonly op: "task"; readonly taskId: string; readonly member: TaskMember }
  | { readonly op: "secret"; readonly name: string }
  | { readonly op: "variable"; readonly slot: number }
  | { readonly op: "member"; readonly of: Node; readonly key: Node }
  | { readonly op: "has"; readonly of: Node }
  | { readonly op: "not" | "negative"; readonly of: Node }
  | { readonly op: "binary"; readonly operator: BinaryOperator; readonly left: Node; readonly right: Node }
  /** `decides` is the operand that settles it alone: true for `||`. */
  | { readonly op: "logic"; readonly decides: boolean; readonly left: Node; readonly right: Node }
  | { readonly op: "choice"; readonly test: Node; readonly yes: Node; readonly no: Node }
  | { readonly op: "list"; readonly items: readonly Node[] }
  | { readonly op: "map"; readonly entries: readonly (readonly [Node, Node])[] }
  | {
      readonly op: "call";
      readonly name: string;
      readonly signatures: readonly Signature[];
      readonly args: readonly Node[];
    }
  | {
      readonly op: "macro";
      readonly macro: MacroName;
      readonly over: Node;
      readonly slot: number;
      readonly test: Node | null;
      readonly change: Node | null;
    };
