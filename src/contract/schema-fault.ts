/** A fault before it has its pointer and its hint. */
export interface SchemaFault {
  readonly path: readonly (string | number)[];
  readonly code: string;
  readonly message: string;
  /** A word that is not known, and those that are. */
  readonly written?: string;
  readonly known?: readonly string[];
}
