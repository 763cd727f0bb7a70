import { workerdPlatform } from "../support/workerd-platform.ts";
import { sdkAgentSuite } from "../suites/sdk-agent-suite.ts";

sdkAgentSuite(workerdPlatform);
