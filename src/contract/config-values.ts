import * as z from "zod";
import { databaseFileFault } from "./database-file.ts";
import { echo } from "./json.ts";

/** Single values of the environment. URLs may carry credentials, so their messages never repeat them. */
export const portSchema = z
  .string()
  .regex(/^[0-9]{1,5}$/, { error: (issue) => portMessage(issue.input) })
  .transform(Number)
  .refine((port) => port <= 65_535, { error: (issue) => portMessage(issue.input) });

const portMessage = (input: unknown): string => `"${echo(String(input))}" is not a port, expected 0 to 65535`;

export const hostSchema = z
  .string()
  .regex(/^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252})|\[?[0-9A-Fa-f:.%]{2,64}\]?)$/, {
    error: (issue) =>
      `"${echo(String(issue.input))}" is not an address to listen on, expected an IP address or a host name`,
  })
  .transform((host) => host.replace(/^\[|\]$/g, ""));

/** The listener can be reached from this machine only. */
export const isLoopback = (host: string): boolean => {
  const bare = host.replace(/^\[|\]$/g, "").toLowerCase();
  const v4 = bare.startsWith("::ffff:") ? bare.slice(7) : bare;
  return (
    bare === "localhost" ||
    bare === "::1" ||
    /^127(?:\.(?:[0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])){3}$/.test(v4)
  );
};

export const databaseUrlSchema = z.string().superRefine((text, context) => {
  const message = text.startsWith("file:") ? databaseFileFault(text) : serverFault(urlOf(text, ["libsql:", "https:"]));
  if (message !== null) context.addIssue({ code: "custom", input: text, message });
});

const serverFault = (url: URL | null): string | null => {
  if (url === null) return "is not a libSQL URL, expected file:<path>, libsql://<host> or https://<host>";
  // No client connects with it, and some repeat the whole URL as they say so.
  if (url.username !== "" || url.password !== "") return "names a user or password, expected DATABASE_AUTH_TOKEN";
  return null;
};

export const agentkitUrlSchema = z.string().transform((text, context) => {
  const url = urlOf(text, ["http:", "https:"]);
  if (url === null || url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    context.issues.push({
      code: "custom",
      input: text,
      message: "is not a base URL, expected http(s)://<host> with or without /v1, and no user, query or fragment",
    });
    return z.NEVER;
  }
  const base = `${url.origin}${url.pathname}`.replace(/\/+$/, "");
  return base.endsWith("/v1") ? base : `${base}/v1`;
});

const urlOf = (text: string, protocols: readonly string[]): URL | null => {
  const url = URL.canParse(text) ? new URL(text) : null; // Node 20 has no URL.parse
  return url !== null && protocols.includes(url.protocol) && url.hostname !== "" ? url : null;
};
