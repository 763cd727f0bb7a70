import * as z from "zod";

/** The description of the API (OpenAPI 3.1). Its own shape is the business of that standard. */
export const openApiAnswer = z
  .looseObject({
    openapi: z
      .string()
      .regex(/^3\.1\.[0-9]+$/)
      .describe("The version of the standard."),
    info: z.looseObject({}).describe("What it describes."),
    paths: z.looseObject({}).describe("The operations, by path and method."),
    components: z.looseObject({}).describe("What the operations share."),
  })
  .meta({ id: "OpenApi", description: "A description of this API." });

/** A text for people or language models. */
export const textAnswer = z.string().min(1).describe("The text.");
