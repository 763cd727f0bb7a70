import { storeSuite } from "../suites/store-suite.ts";
import { storeMatchSuite } from "../suites/store-match-suite.ts";
import { rebuildDamageSuite } from "../suites/rebuild-damage-suite.ts";
import { rebuildMovingSuite } from "../suites/rebuild-moving-suite.ts";
import { rebuildSuite } from "../suites/rebuild-suite.ts";
import { verifySuite } from "../suites/verify-suite.ts";
import { workerdPlatform } from "../support/workerd-platform.ts";

// To load a file costs workerd seconds: the suites of one theme share one.
storeSuite(workerdPlatform);
storeMatchSuite(workerdPlatform);
rebuildSuite(workerdPlatform);
rebuildDamageSuite(workerdPlatform);
rebuildMovingSuite(workerdPlatform);
verifySuite(workerdPlatform);
