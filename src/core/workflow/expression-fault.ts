/** Why a source is no expression that could be evaluated. A hint names what was probably meant. */
export interface ExpressionFault {
  readonly ok: false;
  readonly code:
    "malformed_reference" | "unknown_reference" | "invalid_expression" | "not_supported" | "limit_expression";
  readonly message: string;
  readonly hint?: string;
}

/** Ends the reading of a source. */
export class Unreadable extends Error {
  readonly fault: ExpressionFault;
  constructor(code: ExpressionFault["code"], message: string, near: string | null = null) {
    super(message);
    this.fault = { ok: false, code, message, ...(near === null ? {} : { hint: `Did you mean \`${near}\`?` }) };
  }
}

/** The fault of what was thrown; throws it again if it is a bug. */
export const faultOf = (error: unknown): ExpressionFault => {
  if (error instanceof Unreadable) return error.fault;
  throw error;
};
