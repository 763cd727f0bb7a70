import { workerdPlatform } from "../support/workerd-platform.ts";
import { bulkSuite } from "../suites/bulk-suite.ts";
import { controlKeysSuite } from "../suites/control-keys-suite.ts";
import { rerunCostsSuite } from "../suites/rerun-costs-suite.ts";
import { rerunSuite } from "../suites/rerun-suite.ts";

rerunSuite(workerdPlatform);
bulkSuite(workerdPlatform);
controlKeysSuite(workerdPlatform);
rerunCostsSuite(workerdPlatform);
