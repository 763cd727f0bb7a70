import { Argument, type Command, type Option } from "commander";
import type { Act } from "./context.ts";

/** What the scripts ask: `opscore __complete WORD…`, of which the last is begun. */
export const COMPLETE = "__complete";

const SHELLS = ["bash", "zsh", "fish"] as const;

/** Asks `opscore __complete`, so that a script once installed knows every later command. */
const scripts: Readonly<Record<(typeof SHELLS)[number], string>> = {
  bash: `# opscore completion bash: eval "$(opscore completion bash)" in ~/.bashrc
_opscore() {
  local IFS=$'\\n'
  COMPREPLY=($(opscore __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _opscore opscore`,
  zsh: `#compdef opscore
# opscore completion zsh: eval "$(opscore completion zsh)" in ~/.zshrc
_opscore() {
  local -a found
  found=(\${(f)"$(opscore __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)"})
  if (( $#found )); then compadd -a found; else _files; fi
}
compdef _opscore opscore`,
  fish: `# opscore completion fish | source
complete -c opscore -f -a '(opscore __complete (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'`,
};

const names = (command: Command): readonly string[] => [command.name(), ...command.aliases()];

const takesValue = (option: Option): boolean => option.required;

/** What may come next after these words, the last of which is begun. Nothing that was said changes anything. */
export const candidates = (program: Command, words: readonly string[]): readonly string[] => {
  const begun = words.at(-1) ?? "";
  let command = program;
  let awaited: Option | undefined;
  let place = 0;
  for (const word of words.slice(0, -1)) {
    if (awaited !== undefined) {
      awaited = undefined;
      continue;
    }
    if (word.startsWith("-")) {
      const option = [...command.options, ...program.options].find((one) => one.long === word || one.short === word);
      awaited = option !== undefined && takesValue(option) ? option : undefined;
      continue;
    }
    const next = command.commands.find((one) => names(one).includes(word));
    if (next === undefined) place += 1;
    else command = next;
  }
  if (awaited !== undefined) return (awaited.argChoices ?? []).filter((one) => one.startsWith(begun));
  if (begun.startsWith("-")) {
    const options = [...command.options, ...(command === program ? [] : program.options)].filter((one) => !one.hidden);
    return options.flatMap(({ long }) => (long?.startsWith(begun) === true ? [long] : [])).toSorted();
  }
  const choices = command.registeredArguments[place]?.argChoices ?? [];
  const shown = program.createHelp().visibleCommands(command);
  const commands = shown.map((one) => one.name()).filter((name) => name !== "help");
  return [...choices, ...commands].filter((one) => one.startsWith(begun)).toSorted();
};

/** `opscore completion SHELL`. */
export const completionCommand = (program: Command, act: Act): void => {
  program
    .command("completion")
    .addArgument(new Argument("<shell>", "of which shell").choices(SHELLS))
    .description("print a script that completes commands")
    .action(
      act(({ printer }, shell: (typeof SHELLS)[number]) => {
        printer.result({ shell, script: scripts[shell] }, () => scripts[shell]);
      }),
    );
};
