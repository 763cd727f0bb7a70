/** One recorded interaction with the real AgentKit; `body_raw` is exactly what was on the wire. */
export interface Recording {
  readonly name: string;
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body_raw: string;
  };
  readonly response: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body_raw: string;
  } | null;
  readonly secret?: string;
}
