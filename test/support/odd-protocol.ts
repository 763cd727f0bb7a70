/** What `/answer?<JSON>` answers. */
export interface OddAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The body is in base64: bytes that are no text. */
  readonly base64?: boolean;
  /** The body that often, in chunks without a Content-Length. */
  readonly times?: number;
  /** Follows it. */
  readonly end?: string;
}

/** What `/echo` says it got. */
export interface Echo {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}
