import { costsSuite } from "../suites/costs-suite.ts";
import { nodePlatform } from "../support/node-platform.ts";

costsSuite(nodePlatform);
