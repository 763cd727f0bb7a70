import { createHash, createHmac, timingSafeEqual } from "node:crypto";

/**
 * WebCrypto runs on a thread pool, whose order no seed decides. The simulator puts synchronous functions with the
 * same results in its place, as part of the environment and not of the code under test.
 */
export const makeCryptoDeterministic = (): void => {
  const bytes = (data: ArrayBuffer | ArrayBufferView): Uint8Array =>
    data instanceof ArrayBuffer ? new Uint8Array(data) : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const replace = (name: string, value: unknown): void => {
    Object.defineProperty(crypto.subtle, name, { value, configurable: true });
  };
  replace("digest", (_algorithm: string, data: ArrayBuffer | ArrayBufferView) => {
    const digest = createHash("sha256").update(bytes(data)).digest();
    return Promise.resolve(digest.buffer.slice(digest.byteOffset, digest.byteOffset + digest.length));
  });
  replace("importKey", (_format: string, key: ArrayBuffer | ArrayBufferView) => Promise.resolve({ raw: bytes(key) }));
  replace("sign", (_algorithm: string, key: { raw: Uint8Array }, data: Uint8Array) =>
    Promise.resolve(Uint8Array.from(createHmac("sha256", key.raw).update(data).digest()).buffer),
  );
  replace("verify", (_algorithm: string, key: { raw: Uint8Array }, mac: Uint8Array, data: Uint8Array) => {
    const expected = createHmac("sha256", key.raw).update(data).digest();
    return Promise.resolve(expected.length === mac.length && timingSafeEqual(expected, mac));
  });
};
