import { openApiSuite } from "../suites/openapi-suite.ts";
import { workerdPlatform } from "../support/workerd-platform.ts";

openApiSuite(workerdPlatform, { runs: 6, seed: 2 });
