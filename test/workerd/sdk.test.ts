import { sdkSuite } from "../suites/sdk-suite.ts";
import { sdkAgentSuite } from "../suites/sdk-agent-suite.ts";
import { openApiSuite } from "../suites/openapi-suite.ts";
import { workerdPlatform } from "../support/workerd-platform.ts";

// To load a file costs workerd seconds: the suites of one theme share one.
sdkSuite(workerdPlatform);
sdkAgentSuite(workerdPlatform);
openApiSuite(workerdPlatform, { runs: 6, seed: 2 });
