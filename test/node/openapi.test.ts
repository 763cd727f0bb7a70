import { openApiSuite } from "../suites/openapi-suite.ts";
import { nodePlatform } from "../support/node-platform.ts";

const { OPSCORE_OPENAPI_RUNS = "12", OPSCORE_OPENAPI_SEED = "1" } = process.env;

openApiSuite(nodePlatform, { runs: Number(OPSCORE_OPENAPI_RUNS), seed: Number(OPSCORE_OPENAPI_SEED) });
