import { nodePlatform } from "../support/node-platform.ts";
import { sdkAgentSuite } from "../suites/sdk-agent-suite.ts";

sdkAgentSuite(nodePlatform);
