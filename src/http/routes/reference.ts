import type { Hono } from "hono";
import type { AppEnv } from "../env.ts";
import { noQuery } from "../middleware/query.ts";
import { openApiDocument } from "../openapi/document.ts";
import { llmsText } from "../reference/llms.ts";
import { referencePage } from "../reference/page.ts";
import { STYLE } from "../reference/style.ts";

const CACHED = { "Cache-Control": "public, max-age=300", "X-Content-Type-Options": "nosniff" };

interface Made {
  readonly json: string;
  readonly page: string;
  readonly text: string;
  readonly policy: string;
}

const make = async (): Promise<Made> => {
  const document = openApiDocument();
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(STYLE)));
  const style = btoa(String.fromCharCode(...digest));
  return {
    json: JSON.stringify(document),
    page: referencePage(document),
    text: llmsText(document),
    policy: `default-src 'none'; style-src 'sha256-${style}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  };
};

/** Made once a process, and not before somebody asks. Never a promise: workerd does not let requests share one. */
let made: Made | null = null;
const all = async (): Promise<Made> => (made ??= await make());

/** The description of the API for programs, people and language models. None needs a key: it holds nothing but the contract. */
export const referenceRoutes = (app: Hono<AppEnv>): void => {
  app.get("/openapi.json", noQuery, async (c) =>
    c.body((await all()).json, 200, { ...CACHED, "Content-Type": "application/json" }),
  );

  app.get("/docs", noQuery, async (c) => {
    const { page, policy } = await all();
    return c.body(page, 200, {
      ...CACHED,
      "Content-Type": "text/html; charset=utf-8",
      "Content-Security-Policy": policy,
      "Referrer-Policy": "no-referrer",
    });
  });

  app.get("/llms.txt", noQuery, async (c) =>
    c.body((await all()).text, 200, { ...CACHED, "Content-Type": "text/plain; charset=utf-8" }),
  );
};
