import type { Local } from "../cli/local.ts";

type Env = Readonly<Record<string, string | undefined>>;

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
  rebuild: async ({ write, removeUnknown, database }, tell) => {
    const { databaseTarget } = await import("./database-target.ts");
    const { failureText, findingLine, rebuildDatabase, reportLine } = await import("./rebuild-database.ts");
    const target = databaseTarget(database, env, { mustExist: true });
    try {
      const wish = { write, removeUnknown, database: target };
      const report = await rebuildDatabase(wish, (finding) => tell(finding, findingLine(finding)));
      return { clean: report.clean, document: report, words: reportLine(report) };
    } catch (error) {
      throw new Error(failureText(error), { cause: error });
    }
  },
  verify: async ({ expected, database }, tell) => {
    const { databaseTarget } = await import("./database-target.ts");
    const { failureText } = await import("./rebuild-database.ts");
    const { tamperingLine, verifyDatabase, verifyLine } = await import("./verify-database.ts");
    const target = databaseTarget(database, env, { mustExist: true });
    try {
      const report = await verifyDatabase({ expected, database: target }, (one) => tell(one, tamperingLine(one)));
      return { clean: report.clean, document: report, words: verifyLine(report) };
    } catch (error) {
      throw new Error(failureText(error), { cause: error });
    }
  },
  migrate: async ({ database, check }) => {
    const { databaseTarget } = await import("./database-target.ts");
    const { migrateDatabase, migrationState } = await import("./migrations.ts");
    const target = databaseTarget(database, env, { mustExist: false });
    const { pending, unknown } = await (check ? migrationState(target) : migrateDatabase(target));
    return { database: target.url, applied: check ? [] : pending, pending: check ? pending : [], unknown };
  },
});
