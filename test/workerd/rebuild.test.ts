import { rebuildSuite } from "../suites/rebuild-suite.ts";
import { workerdPlatform } from "../support/workerd-platform.ts";

rebuildSuite(workerdPlatform);
