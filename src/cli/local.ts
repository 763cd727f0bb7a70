/**
 * What commands do on this very machine, without the API: handed in by the entry, which alone may touch the store. Each
 * throws an `Error` whose message is for people.
 */
export interface Local {
  /** Runs a server, with an agent and a workflow to try it on, until the signal is aborted. */
  readonly dev: (options: DevOptions) => Promise<void>;
  /** Compares a database with its logs, or repairs it. */
  readonly rebuild: (
    options: DatabaseOptions & { readonly write: boolean; readonly removeUnknown: boolean },
    tell: TellFinding,
  ) => Promise<DatabaseReport>;
  /** Looks for what was changed by other means than a commit. `expected`: an audit hash that must still be in the chain. */
  readonly verify: (
    options: DatabaseOptions & { readonly expected: string | null },
    tell: TellFinding,
  ) => Promise<DatabaseReport>;
  /** Brings a database to the newest schema; with `check` only says what is missing. */
  readonly migrate: (options: DatabaseOptions & { readonly check: boolean }) => Promise<Migrated>;
  /** Looks at this machine as a server would find it. Changes nothing. */
  readonly inspect: () => Promise<Inspection>;
}

/** Gets a finding as it is made: a document, and a line. */
export type TellFinding = (finding: object, words: string) => void;

/** What was found in a database in all: a document, and a line. `clean`: nothing is left to mend. */
export interface DatabaseReport {
  readonly clean: boolean;
  readonly document: object;
  readonly words: string;
}

/** Which database; default `DATABASE_URL`, else that of a server which is started in this folder. */
export interface DatabaseOptions {
  readonly database?: string;
}

export interface DevOptions {
  readonly sample: boolean;
  readonly port?: number;
  readonly signal: AbortSignal;
  /** Told once the server takes requests. */
  readonly listening: (server: DevServer) => void;
}

/** A server that `dev` has started. */
export interface DevServer {
  readonly url: string;
  /** Where its data is kept. */
  readonly database: string;
  /** Where its key is kept; `null`: it came from the environment. */
  readonly keyFile: string | null;
  /** The workflow to try; `null`: none. */
  readonly workflow: string | null;
}

export interface Migrated {
  readonly database: string;
  /** Applied now. */
  readonly applied: readonly string[];
  /** Still missing: with `check` only. */
  readonly pending: readonly string[];
  /** How many there are that this release does not know. */
  readonly unknown: number;
}

/** What `doctor` is told of this machine. */
export interface Inspection {
  readonly nodeVersion: string;
  /** Why a server would not start with this environment, a line each. No value of a secret is in them. */
  readonly problems: readonly string[];
  readonly port: number;
  /** Where the environment says that AgentKit is; `null`: it does not say. */
  readonly agentKit: string | null;
  /** `null`: the database is no file. */
  readonly database: DatabaseInspection | null;
  /** Who holds the database file's lock, in words; `null`: nobody. */
  readonly lockHolder: () => Promise<string | null>;
  /** Somebody listens where a server would. */
  readonly portTaken: () => Promise<boolean>;
}

export interface DatabaseInspection {
  readonly file: string;
  readonly folder: string;
  readonly folderWritable: boolean;
  /** On its disk; `null`: that is not known. */
  readonly freeMb: number | null;
  readonly isThere: boolean;
  /** Why it cannot be a database; `null`: it can. */
  readonly fileFault: string | null;
  readonly readOnly: boolean;
  /** Why its schema could not be read; `null`: it was. */
  readonly unreadable: string | null;
  readonly pending: readonly string[];
  readonly unknown: number;
}
