import { addressKind, ipv4Of, ipv6Of } from "./address.ts";

export type EgressPolicy = "public" | "local";

export type EgressDecision =
  /** `publicOnly`: what its name resolves to must be judged at the dial. */
  | { readonly ok: true; readonly url: string; readonly publicOnly: boolean }
  /** `reason` names what is refused, for "… refuses <reason>". */
  | { readonly ok: false; readonly reason: string };

/** Names that resolve inside a host, a cluster or a cloud account, never on the public network. */
const privateSuffixes = ["localhost", "localdomain", "local", "internal", "intranet", "lan", "home.arpa"];

/**
 * May a URL that came in over the API be called? The WHATWG parser has already turned every spelling of an
 * address (decimal, octal, hexadecimal, short, full-width) into one, so only that one is judged; the caller
 * must call the returned `url` and not the text it got. What a public-looking name resolves to is judged by the call that is
 * made with `publicOnly`.
 */
export const checkEgress = (text: string, policy: EgressPolicy): EgressDecision => {
  if (!URL.canParse(text)) return refuse("a text that is not an absolute URL");
  const url = new URL(text);
  if (url.protocol !== "http:" && url.protocol !== "https:")
    return refuse(`scheme ${clip(url.protocol.slice(0, -1))} (only http and https)`);
  if (url.username !== "" || url.password !== "") return refuse("a URL with a user name or password");
  const refused = policy === "public" ? privateHost(url.hostname) : null;
  return refused === null ? { ok: true, url: url.href, publicOnly: policy === "public" } : refuse(refused);
};

const privateHost = (hostname: string): string | null => {
  const ip = ipv6Of(hostname) ?? ipv4Of(hostname);
  if (ip !== null) {
    const kind = addressKind(ip);
    return kind === "public" ? null : `${kind} address ${hostname.replace(/^\[|\]$/g, "")}`;
  }
  const name = hostname.replace(/\.+$/, ""); // a trailing dot only says "absolute"
  const isPrivate = !name.includes(".") || privateSuffixes.some((suffix) => name.endsWith(`.${suffix}`));
  return isPrivate ? `local name ${clip(name)}` : null;
};

const clip = (text: string): string => (text.length > 64 ? `${text.slice(0, 63)}…` : text);
const refuse = (reason: string): EgressDecision => ({ ok: false, reason });
