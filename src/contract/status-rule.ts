/** One entry of a success rule as text: `200`, `2xx`, `200-204`. */
export const STATUS_RULE = /^([1-5])(?:xx|([0-9]{2})(?:-([1-5][0-9]{2}))?)$/;

/** Does any entry name this status? An entry that is no rule names none. */
export const matchesStatus = (rules: readonly (number | string)[], status: number): boolean =>
  rules.some((rule) => {
    const [, hundreds, rest, last] = STATUS_RULE.exec(String(rule)) ?? [];
    if (hundreds === undefined) return false;
    if (rest === undefined) return Math.floor(status / 100) === Number(hundreds);
    const first = Number(hundreds + rest);
    return status >= first && status <= Number(last ?? first);
  });
