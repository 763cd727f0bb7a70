/** Clients' Idempotency-Keys are visible ASCII: none begins with this. */
const MARK = " ";

/** A key of our own, which no client can send. */
export const ownKey = (...words: readonly string[]): string => `${MARK}${words.join(" ")}`;

/** Keys of our own never expire: a start may be made again after any time away. */
export const isOwnKey = (key: string): boolean => key.startsWith(MARK);
