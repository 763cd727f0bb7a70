/** What one look of `opscore doctor` came to. */
export interface Finding {
  /** A stable name of the fault, or of what was looked at. */
  readonly check: string;
  readonly status: "ok" | "fault";
  readonly message: string;
  /** What to do about it; `null`: nothing. */
  readonly fix: string | null;
}

/** All is well here. */
export const ok = (check: string, message: string): Finding => ({ check, status: "ok", message, fix: null });

/** Something is wrong, and what to do about it. */
export const fault = (check: string, message: string, fix: string): Finding => ({
  check,
  status: "fault",
  message,
  fix,
});
