import { nodePlatform } from "../support/node-platform.ts";
import { handedCallsSuite } from "../suites/handed-calls-suite.ts";

handedCallsSuite(nodePlatform);
