import { connect } from "cloudflare:sockets";

const PROBE_MS = 2_000;

/**
 * Whether anything listens at the URL's address. workerd reports a refused connection and one lost after
 * sending by the same error; only this tells them apart, and it is asked only then.
 */
export const reachable = async (url: string): Promise<boolean> => {
  const { hostname, port, protocol } = new URL(url);
  const socket = connect({ hostname, port: Number(port) || (protocol === "https:" ? 443 : 80) });
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    await Promise.race([
      socket.opened,
      new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error("no answer")), PROBE_MS);
      }),
    ]);
    return true;
  } catch {
    return false;
  } finally {
    if (timer !== undefined) clearTimeout(timer);
    // A socket that never opened rejects here as well.
    socket.close().catch(() => undefined);
  }
};
