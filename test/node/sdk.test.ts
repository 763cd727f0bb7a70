import { nodePlatform } from "../support/node-platform.ts";
import { sdkSuite } from "../suites/sdk-suite.ts";

sdkSuite(nodePlatform);
