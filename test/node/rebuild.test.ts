import { nodePlatform } from "../support/node-platform.ts";
import { rebuildSuite } from "../suites/rebuild-suite.ts";

rebuildSuite(nodePlatform);
