import type { Clock, Entropy } from "../app/ports.ts";

export const systemClock: Clock = { now: () => Date.now() };

export const systemEntropy: Entropy = { bytes: (length) => crypto.getRandomValues(new Uint8Array(length)) };

export const systemRest = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
