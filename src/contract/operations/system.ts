import { operation } from "./operation.ts";

/** What is there for everybody. Probes take no notice of the query: load balancers add what they like. */
export const systemOperations = {
  "GET /health": operation(
    "getHealth",
    "System",
    null,
    ["Ask whether the process answers", "Says nothing of its store."],
    { query: null, answer: { status: "ok" } },
  ),
  "GET /ready": operation(
    "getReadiness",
    "System",
    null,
    ["Ask whether requests are taken", "The store answers, and the server is not shutting down; else 503."],
    { query: null, answer: { status: "ready" } },
  ),
  "GET /schemas/workflow.json": operation(
    "getWorkflowSchema",
    "System",
    null,
    ["Read the JSON Schema of definitions", "For editors: the schema that definitions are checked with."],
    {
      answer: { $schema: "https://json-schema.org/draft/2020-12/schema", title: "Workflow definition" },
    },
  ),
  "GET /openapi.json": operation(
    "getOpenApi",
    "System",
    null,
    ["Read this description", "This document: OpenAPI 3.1, made of the schemas that requests are checked with."],
    { headers: ["ETag"], answer: { openapi: "3.1.1", info: {}, paths: {}, components: {} } },
  ),
  "GET /docs": operation(
    "getDocs",
    "System",
    null,
    [
      "Read the reference",
      "This description as a page for people, without scripts and without anything from elsewhere.",
    ],
    { headers: ["ETag"], answer: "<!doctype html>…" },
  ),
  "GET /llms.txt": operation(
    "getLlmsText",
    "System",
    null,
    ["Read the short text", "What this is and the ten calls that matter, for language models."],
    { headers: ["ETag"], answer: "# Ops-Core …" },
  ),
};
