import { nodePlatform } from "../support/node-platform.ts";
import { rebuildDamageSuite } from "../suites/rebuild-damage-suite.ts";
import { rebuildMovingSuite } from "../suites/rebuild-moving-suite.ts";
import { rebuildSuite } from "../suites/rebuild-suite.ts";

rebuildSuite(nodePlatform);
rebuildDamageSuite(nodePlatform);
rebuildMovingSuite(nodePlatform);
