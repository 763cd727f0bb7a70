import type { D1Migration } from "cloudflare:test";

declare global {
  // The pool types `env` and `exports` with this namespace.
  namespace Cloudflare {
    interface GlobalProps {
      mainModule: typeof import("../../src/entry/worker.ts");
    }
    interface Env {
      readonly DB: D1Database;
      readonly HINTS: Queue;
      readonly CALLS: Queue;
      readonly MIGRATIONS: D1Migration[];
    }
  }
}
