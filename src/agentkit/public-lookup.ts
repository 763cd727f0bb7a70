import { addressKind, ipv4Of, ipv6Of } from "./address.ts";

interface Found {
  readonly address: string;
  readonly family: number;
}

/** Resolves a name to all of its addresses: `lookup` of `node:dns`. */
export type Resolve = (
  hostname: string,
  options: { readonly all: true },
  done: (error: Error | null, addresses: Found[]) => void,
) => void;

/** What a socket calls for its address. */
type SocketLookup = (
  hostname: string,
  options: { readonly all?: boolean | undefined; readonly family?: number | "IPv4" | "IPv6" | undefined },
  done: (error: Error | null, address: string | Found[], family?: number) => void,
) => void;

/** A name leads to an address that the egress policy refuses; `message` says of what kind it is. */
export class RefusedAddress extends Error {
  override readonly name = "RefusedAddress";
}

/**
 * A `lookup` for sockets: what a name resolves to is judged at the dial, and the socket gets the addresses that were
 * judged, so that no second answer of the resolver can put another in their place (DNS rebinding). One address that
 * is not public refuses the whole name: a resolver that mixes them is not to be trusted with the choice.
 */
export const publicLookup = (resolve: Resolve): SocketLookup => {
  return (hostname, options, done) => {
    resolve(hostname, { all: true }, (error, found) => {
      if (error !== null) return done(error, "", 0);
      const wanted = options.family === 4 || options.family === 6 ? options.family : null;
      const addresses = wanted === null ? found : found.filter(({ family }) => family === wanted);
      const [first] = addresses;
      if (first === undefined) return done(Object.assign(new Error("no address"), { code: "ENOTFOUND" }), "", 0);
      for (const { address } of found) {
        const kind = kindOf(address);
        if (kind !== "public") {
          return done(new RefusedAddress(`has a name that leads to a ${kind} address`), "", 0);
        }
      }
      if (options.all === true) return done(null, addresses);
      done(null, first.address, first.family);
    });
  };
};

/** The URL parser gives any spelling of an address the one that `addressKind` is made for; a zone makes it link-local. */
const kindOf = (address: string): string => {
  const text = address.includes(":") ? `http://[${address}]/` : `http://${address}/`;
  if (!URL.canParse(text)) return "link-local";
  const { hostname } = new URL(text);
  const read = ipv6Of(hostname) ?? ipv4Of(hostname);
  return read === null ? "unreadable" : addressKind(read);
};
