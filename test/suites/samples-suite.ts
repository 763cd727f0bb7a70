import { expect, inject, test } from "vitest";
import type {} from "../support/fleet.ts";
import { createWorld, type Platform } from "../support/world.ts";

const YAML = { "Content-Type": "application/yaml" };

/** What a new user copies first must have nothing to find fault with. How each runs is tested with the sample fleet. */
export const samplesSuite = (platform: Platform): void => {
  const samples = Object.entries(inject("samples"));

  test(`the sample definitions on ${platform.name}: ${samples.map(([name]) => name).join(", ")}`, async () => {
    expect(samples.length).toBeGreaterThanOrEqual(5);
    const world = await createWorld(platform);
    for (const [name, text] of samples) {
      const validated = await world.request("POST", "/v1/opscore/workflows/validate", text, YAML);
      expect([name, validated.status, await validated.json()]).toEqual([
        name,
        200,
        { valid: true, workflowId: name.replace(".yaml", ""), tasks: expect.any(Number), warnings: [] },
      ]);
      const saved = await world.request("POST", "/v1/opscore/workflows", text, YAML);
      expect([name, saved.status]).toEqual([name, 201]);
    }
    await world.close();
  });
};
