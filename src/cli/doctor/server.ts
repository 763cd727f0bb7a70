import { OpsCoreError } from "../../sdk/errors.ts";
import { clientOptionsOf, type Context } from "../context.ts";
import { settingsOf } from "../../sdk/options.ts";
import { fault, ok, type Finding } from "./finding.ts";

/** How far two clocks may be apart, in milliseconds: AgentKit's signatures are good for five minutes. */
const SKEW_MS = 60_000;

/** What is known of the server from the outside. */
export interface Reached {
  readonly findings: readonly Finding[];
  /** Something answers there. */
  readonly answers: boolean;
  /** Ops-Core answers there, and takes requests. */
  readonly works: boolean;
}

const why = (error: unknown): string =>
  error instanceof OpsCoreError ? error.detail : error instanceof Error ? error.message : String(error);

/** The server's time by its `Date` header, which is whole seconds; `null`: it says none. */
const clock = async (context: Context): Promise<Finding | null> => {
  const { baseUrl, fetch } = settingsOf(clientOptionsOf(context.io, context.settings()));
  const now = (): number => context.io.seams?.now() ?? Date.now();
  const before = now();
  const said = await fetch(`${baseUrl}/health`, { method: "GET", redirect: "manual" }).then(
    async (response) => {
      await response.text();
      return response.headers.get("Date");
    },
    () => null, // it has answered a moment ago; what comes next tells
  );
  const at = said === null ? Number.NaN : Date.parse(said);
  if (Number.isNaN(at)) return null;
  const skew = at < before - 1_000 ? at - before : Math.max(0, at - now());
  if (Math.abs(skew) <= SKEW_MS) return ok("clock", "the clocks agree");
  return fault(
    "clock",
    `the server's clock is ${Math.round(Math.abs(skew) / 1_000)} s ${skew > 0 ? "ahead of" : "behind"} this one`,
    "Set both by NTP: beyond 300 s AgentKit's signatures are refused.",
  );
};

const version = async ({ client, io }: Context): Promise<Finding> => {
  const fix = (other: string): string => `Use the same release: npx ops-core@${other}, or update the server.`;
  try {
    const { info } = await client().schemas.openApi();
    const other = String((info as { readonly version?: unknown } | undefined)?.version);
    if (other === io.version) return ok("version", `both are ${other}`);
    return fault("version", `this command line is ${io.version}, the server ${other}`, fix(other));
  } catch (error) {
    if (!(error instanceof OpsCoreError) || error.code === "aborted") throw error;
    return fault("version", `the server does not say of which release it is: ${why(error)}`, fix(io.version));
  }
};

/** A key over plain HTTP can be read by whoever is on the way. */
const encryption = ({ settings }: Context): readonly Finding[] => {
  const { url, apiKey } = settings();
  const { protocol, hostname } = new URL(url.value ?? "");
  const isHere = /^(?:localhost|127\.[0-9.]+|\[::1\])$/.test(hostname);
  if (protocol === "https:" || isHere || apiKey.value === null) return [];
  return [
    fault("encryption", `the key goes to ${hostname} unencrypted`, "Put TLS before the server, and use https://."),
  ];
};

const unreachable = (url: string, error: unknown): Finding =>
  error instanceof OpsCoreError && error.code === "invalid_answer" && error.status !== null && error.status < 500
    ? fault("not-ops-core", `what answers at ${url} is not Ops-Core: ${why(error)}`, "See --url, OPSCORE_URL and PORT.")
    : fault(
        "unreachable",
        `nothing that works answers at ${url}: ${why(error)}`,
        "Start it (npx opscore dev), or say where it is: --url or OPSCORE_URL.",
      );

/** Whether Ops-Core answers, takes requests, and is of one time and release with us. */
export const checkServer = async (context: Context): Promise<Reached> => {
  const { client, settings } = context;
  const url = settings().url.value ?? "";
  const quick = { maxRetries: 0, timeoutMs: 10_000 };
  const findings: Finding[] = [...encryption(context)];
  try {
    const { status } = await client().health(quick);
    if (String(status) !== "ok")
      throw new OpsCoreError("invalid_answer", "its health is no text of ours", { status: 200 });
  } catch (error) {
    if (!(error instanceof OpsCoreError) || error.code === "aborted") throw error;
    const isSomething = error.code === "invalid_answer";
    return { findings: [...findings, unreachable(url, error)], answers: isSomething, works: false };
  }
  findings.push(ok("reachable", `${url} answers`));
  const skew = await clock(context);
  if (skew !== null) findings.push(skew);
  try {
    await client().ready(quick);
    findings.push(ok("store", "the store answers"));
  } catch (error) {
    const fix = "See the server's log and DATABASE_URL; on Workers see the binding DB, and apply the migrations.";
    findings.push(fault("store", `it takes no requests: ${why(error)}`, fix));
    return { findings, answers: true, works: false };
  }
  findings.push(await version(context));
  return { findings, answers: true, works: true };
};

/** Whether the key is one, and what it may read. */
export const checkKey = async ({
  client,
  settings,
}: Context): Promise<{ readonly findings: readonly Finding[]; readonly works: boolean }> => {
  const { apiKey } = settings();
  const one = { limit: 1 };
  const { agents, sessions, workflows, schedules, tasks } = client();
  const reads = { agents, sessions, workflows, schedules, tasks };
  const refused: string[] = [];
  for (const [name, noun] of Object.entries(reads)) {
    try {
      await noun.list(one, { maxRetries: 0 }).page();
    } catch (error) {
      const code = error instanceof OpsCoreError ? error.code : null;
      if (code === "not_configured") {
        return {
          findings: [fault("server-key", why(error), (error as OpsCoreError).hint ?? "Set OPSCORE_API_KEY there.")],
          works: false,
        };
      }
      if (code === "unauthorized") {
        const message =
          apiKey.value === null ? "there is no key" : `the key of ${apiKey.origin} is not one of the server's`;
        const fix =
          "Give it by --api-key, OPSCORE_API_KEY or a file; on the server it is OPSCORE_API_KEY or data/api-key.";
        return { findings: [fault("key", message, fix)], works: false };
      }
      if (code === "forbidden") refused.push(name);
      else
        return {
          findings: [
            fault(
              "server",
              `${name} cannot be read: ${why(error)}`,
              "See the server's log; are its migrations applied?",
            ),
          ],
          works: false,
        };
    }
  }
  if (refused.length === 0) return { findings: [ok("key", "the key may read all that doctor looks at")], works: true };
  const fix = "Make a key with these scopes, or with the role viewer; what it may not read is not looked at.";
  return {
    findings: [fault("key-scope", `the key may not read: ${refused.join(", ")}`, fix)],
    works: !refused.includes("agents") && !refused.includes("sessions"),
  };
};
