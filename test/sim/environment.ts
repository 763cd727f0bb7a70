import { createHash, createHmac, createSecretKey, timingSafeEqual } from "node:crypto";

/** What the keys of `importKey` below are made of. */
const made = new WeakMap<object, Uint8Array>();

/**
 * WebCrypto runs on a thread pool, whose order no seed decides. The simulator puts synchronous functions with the
 * same results in its place, as part of the environment and not of the code under test. It stays so for the process, in
 * which other tests may follow: whatever is no SHA-256 and no HMAC of it is left to WebCrypto.
 */
export const makeCryptoDeterministic = (): void => {
  const { subtle } = crypto;
  const [digest, importKey] = [subtle.digest.bind(subtle), subtle.importKey.bind(subtle)];
  const [sign, verify] = [subtle.sign.bind(subtle), subtle.verify.bind(subtle)];
  const bytes = (data: ArrayBuffer | ArrayBufferView): Uint8Array =>
    data instanceof ArrayBuffer ? new Uint8Array(data) : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const replace = (name: string, value: unknown): void => {
    Object.defineProperty(subtle, name, { value, configurable: true });
  };
  replace("digest", (...given: Parameters<typeof digest>) => {
    const [algorithm, data] = given;
    if (algorithm !== "SHA-256") return digest(...given);
    const hash = createHash("sha256").update(bytes(data)).digest();
    return Promise.resolve(hash.buffer.slice(hash.byteOffset, hash.byteOffset + hash.length));
  });
  replace("importKey", (...given: Parameters<typeof importKey>) => {
    const [format, data, algorithm, extractable, usages] = given;
    const isHmac =
      typeof algorithm === "object" && "hash" in algorithm && algorithm.name === "HMAC" && algorithm.hash === "SHA-256";
    if (format !== "raw" || !isHmac) return importKey(...given);
    const secret = bytes(data);
    const key = createSecretKey(secret).toCryptoKey(algorithm, extractable, usages);
    made.set(key, secret);
    return Promise.resolve(key);
  });
  replace("sign", (...given: Parameters<typeof sign>) => {
    const [, key, data] = given;
    const secret = made.get(key);
    if (secret === undefined) return sign(...given);
    return Promise.resolve(Uint8Array.from(createHmac("sha256", secret).update(bytes(data)).digest()).buffer);
  });
  replace("verify", (...given: Parameters<typeof verify>) => {
    const [, key, mac, data] = given;
    const secret = made.get(key);
    if (secret === undefined) return verify(...given);
    const expected = createHmac("sha256", secret).update(bytes(data)).digest();
    return Promise.resolve(expected.length === mac.byteLength && timingSafeEqual(expected, bytes(mac)));
  });
};
