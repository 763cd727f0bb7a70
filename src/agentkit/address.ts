/** Four numbers of 8 bits or eight of 16. */
export type Address = { readonly v: 4 | 6; readonly parts: readonly number[] };

/** Reads the one spelling of an IPv4 address that the URL parser produces: four decimals. */
export const ipv4Of = (hostname: string): Address | null => {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(hostname);
  return match === null ? null : { v: 4, parts: match.slice(1).map(Number) };
};

/** Reads a bracketed IPv6 address as the URL parser produces it: hexadecimal, one `::` at most. */
export const ipv6Of = (hostname: string): Address | null => {
  const match = /^\[([0-9a-f:]+)\]$/.exec(hostname);
  if (match === null) return null;
  const [head = "", tail] = (match[1] ?? "").split("::");
  const left = groups(head);
  const right = groups(tail ?? "");
  const zeros = new Array<number>(Math.max(0, 8 - left.length - right.length)).fill(0);
  return { v: 6, parts: tail === undefined ? left : [...left, ...zeros, ...right] };
};

const groups = (text: string): number[] => (text === "" ? [] : text.split(":").map((group) => parseInt(group, 16)));

/** `public`, or the word for why it is not: from the IANA special-purpose address registries. */
export const addressKind = ({ v, parts }: Address): string => (v === 4 ? kindOfV4(parts) : kindOfV6(parts));

const kindOfV4 = ([a = 0, b = 0, c = 0, d = 0]: readonly number[]): string => {
  if (a === 0) return "unspecified";
  if (a === 127) return "loopback";
  if (a === 10 || (a === 172 && b >= 16 && b <= 31) || (a === 192 && b === 168)) return "private";
  if (a === 169 && b === 254) return c === 169 && d === 254 ? "metadata" : "link-local";
  if (a === 168 && b === 63 && c === 129 && d === 16) return "metadata"; // Azure's, in public space
  if (a === 100 && b >= 64 && b <= 127) return "carrier-grade NAT";
  if (a >= 224 && a <= 239) return "multicast";
  if (a >= 240) return "reserved";
  if (a === 198 && (b === 18 || b === 19)) return "benchmarking";
  if (a === 192 && b === 0 && (c === 0 || c === 2)) return "reserved";
  if (a === 192 && b === 88 && c === 99) return "6to4 relay";
  if ((a === 198 && b === 51 && c === 100) || (a === 203 && b === 0 && c === 113)) return "documentation";
  return "public";
};

const kindOfV6 = (parts: readonly number[]): string => {
  const [a = 0, b = 0, c = 0, , , f = 0, g = 0, h = 0] = parts;
  const zeroUpTo = (end: number): boolean => parts.slice(0, end).every((part) => part === 0);
  if (zeroUpTo(7) && h <= 1) return h === 0 ? "unspecified" : "loopback";
  // An IPv4 address in another coat is as public as the one inside.
  if (zeroUpTo(5) && f === 0xffff) return kindOfV4(bytes(g, h));
  if (a === 0x64 && b === 0xff9b) return "NAT64";
  if (a === 0x2002) return "6to4";
  if (a === 0x2001 && b < 0x200) return b === 0 ? "Teredo" : "reserved";
  if ((a === 0x2001 && b === 0xdb8) || (a === 0x3fff && b < 0x1000)) return "documentation";
  if ((a & 0xffc0) === 0xfe80) return "link-local";
  if ((a & 0xffc0) === 0xfec0) return "site-local";
  if (a === 0xfd00 && b === 0xec2 && c === 0) return "metadata";
  if ((a & 0xfe00) === 0xfc00) return "unique-local";
  if ((a & 0xff00) === 0xff00) return "multicast";
  // Only 2000::/3 has been given out for the public network.
  return (a & 0xe000) === 0x2000 ? "public" : "reserved";
};

const bytes = (high: number, low: number): number[] => [high >> 8, high & 255, low >> 8, low & 255];
