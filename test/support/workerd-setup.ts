import { applyD1Migrations } from "cloudflare:test";
import { env } from "cloudflare:workers";
import "./workerd-env.ts";

// Runs before each test file; migrations that are already applied are skipped.
await applyD1Migrations(env.DB, env.MIGRATIONS);
