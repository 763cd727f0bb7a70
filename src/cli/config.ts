import type { Command } from "commander";
import type { Act } from "./context.ts";
import { SETTING_NAMES, type Setting } from "./settings.ts";
import { table, withoutCredentials } from "./text.ts";

/** A secret is said to be there, never what it is. */
const shown = ({ value, secret }: Setting): string | null => {
  if (value === null) return null;
  return secret ? "(set, not shown)" : withoutCredentials(value);
};

/** `opscore config list`: every setting, what it is and who says so. */
export const configCommand = (program: Command, act: Act): void => {
  const config = program.command("config").description("where settings come from");

  config
    .command("list")
    .description("every setting, its value and its source: flag, environment, project file, user file or default")
    .action(
      act(({ settings, printer }) => {
        const all = SETTING_NAMES.map((name) => settings()[name]);
        const data = all.map((one) => ({ name: one.name, value: shown(one), source: one.source, origin: one.origin }));
        printer.result({ data, nextCursor: null }, () =>
          table(
            ["SETTING", "VALUE", "SOURCE", "WHERE"],
            data.map(({ name, value, source, origin }) => [name, value ?? "-", source ?? "-", origin ?? "-"]),
            printer.paint,
          ),
        );
      }),
    );
};
