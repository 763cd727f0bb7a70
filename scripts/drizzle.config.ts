import { defineConfig } from "drizzle-kit";

// Paths are from the project's root, where the npm script runs.
export default defineConfig({ dialect: "sqlite", schema: "./src/store/schema.ts", out: "./drizzle" });
