import type { DatabaseReport, Local } from "../cli/local.ts";
import { withoutCredentials } from "../cli/text.ts";
import type { LibsqlOptions } from "../store/libsql.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** Looks at a database that is there; what goes wrong is told in words for people. */
const inDatabase = async (
  env: Env,
  database: string | undefined,
  look: (target: LibsqlOptions) => Promise<DatabaseReport>,
): Promise<DatabaseReport> => {
  const { databaseTarget } = await import("./database-target.ts");
  const target = databaseTarget(database, env, { mustExist: true });
  try {
    const report = await look(target);
    return { ...report, document: { ...report.document, database: withoutCredentials(target.url) } };
  } catch (error) {
    const { failureText } = await import("./rebuild-database.ts");
    throw new Error(failureText(error), { cause: error });
  }
};

/** What the command line does on this machine. Loaded only when it is asked for: most commands need none of it. */
export const createLocal = (env: Env, nodeVersion = process.versions.node): Local => ({
  inspect: async () => {
    const { inspect } = await import("./inspect.ts");
    return inspect(env, nodeVersion);
  },
  dev: async (options) => {
    const { runDev } = await import("./dev.ts");
    await runDev(env, options);
  },
  rebuild: ({ write, removeUnknown, database }, tell) =>
    inDatabase(env, database, async (target) => {
      const { findingLine, rebuildDatabase, reportLine } = await import("./rebuild-database.ts");
      const wish = { write, removeUnknown, database: target };
      const report = await rebuildDatabase(wish, (finding) => tell(finding, findingLine(finding)));
      return { clean: report.clean, document: report, words: reportLine(report) };
    }),
  verify: ({ expected, database }, tell) =>
    inDatabase(env, database, async (target) => {
      const { tamperingLine, verifyDatabase, verifyLine } = await import("./verify-database.ts");
      const report = await verifyDatabase({ expected, database: target }, (one) => tell(one, tamperingLine(one)));
      return { clean: report.clean, document: report, words: verifyLine(report) };
    }),
  migrate: async ({ database, check }) => {
    const { databaseTarget } = await import("./database-target.ts");
    const { migrateDatabase, migrationState } = await import("./migrations.ts");
    const target = databaseTarget(database, env, { mustExist: false });
    const { pending, unknown } = await (check ? migrationState(target) : migrateDatabase(target));
    return {
      database: withoutCredentials(target.url),
      applied: check ? [] : pending,
      pending: check ? pending : [],
      unknown,
    };
  },
});
