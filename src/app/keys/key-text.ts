import { keyIdAt } from "../../core/ids.ts";
import { randomHex, type Deps } from "../deps.ts";

/** 62^30 > 2^178. */
const SECRET_LENGTH = 30;
const CHECKSUM_LENGTH = 6;
const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const KEY = /^opsk_([a-z0-9]{1,16})_([0-9A-Z]{2}[0-9A-HJKMNP-TV-Z]{26})_([0-9A-Za-z]{30})([0-9A-Za-z]{6})$/;

/** What keys begin with. Scanners of repositories look for it. */
export const KEY_PREFIX = "opsk_";

export interface KeyText {
  readonly keyId: string;
  /** All but the checksum: what the HMAC is made of, so that a secret fits its own id only. */
  readonly signed: string;
  readonly text: string;
}

/** CRC-32 (IEEE). It finds every change of up to four characters in a row. */
const crc32 = (text: string): number => {
  let rest = 0xffffffff;
  for (let at = 0; at < text.length; at += 1) {
    rest ^= text.charCodeAt(at);
    for (let bit = 0; bit < 8; bit += 1) rest = (rest >>> 1) ^ ((rest & 1) === 0 ? 0 : 0xedb88320);
  }
  return (rest ^ 0xffffffff) >>> 0;
};

const checksumOf = (signed: string): string => {
  let rest = crc32(signed);
  let text = "";
  for (let n = 0; n < CHECKSUM_LENGTH; n += 1) {
    text = ALPHABET.charAt(rest % 62) + text;
    rest = Math.floor(rest / 62);
  }
  return text;
};

/** Characters that are all equally likely: bytes above the last whole multiple of 62 are thrown away. */
const secretOf = ({ entropy }: Pick<Deps, "entropy">): string => {
  let secret = "";
  while (secret.length < SECRET_LENGTH) {
    for (const byte of entropy.bytes(SECRET_LENGTH)) {
      if (byte < 248 && secret.length < SECRET_LENGTH) secret += ALPHABET.charAt(byte % 62);
    }
  }
  return secret;
};

const withChecksum = (keyId: string, signed: string): KeyText => ({
  keyId,
  signed,
  text: `${signed}${checksumOf(signed)}`,
});

/** A new key: `opsk_<environment>_<id>_<secret><checksum>`. */
export const newKeyText = (deps: Pick<Deps, "entropy" | "clock">, environment: string): KeyText =>
  newSecretFor(deps, environment, keyIdAt(deps.clock.now(), randomHex(deps.entropy, 16)));

/** The key of an id with another secret. */
export const newSecretFor = (deps: Pick<Deps, "entropy">, environment: string, keyId: string): KeyText =>
  withChecksum(keyId, `${KEY_PREFIX}${environment}_${keyId.slice(4)}_${secretOf(deps)}`);

/** Reads what may be a key; `null`: it was mistyped or cut off, which needs no look into the store. */
export const readKeyText = (text: string): KeyText | null => {
  const [, , id] = KEY.exec(text) ?? [];
  if (id === undefined) return null;
  const read = withChecksum(`key_${id}`, text.slice(0, -CHECKSUM_LENGTH));
  return read.text === text ? read : null;
};
