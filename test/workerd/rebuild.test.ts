import { rebuildDamageSuite } from "../suites/rebuild-damage-suite.ts";
import { rebuildMovingSuite } from "../suites/rebuild-moving-suite.ts";
import { rebuildSuite } from "../suites/rebuild-suite.ts";
import { workerdPlatform } from "../support/workerd-platform.ts";

rebuildSuite(workerdPlatform);
rebuildDamageSuite(workerdPlatform);
rebuildMovingSuite(workerdPlatform);
