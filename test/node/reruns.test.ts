import { nodePlatform } from "../support/node-platform.ts";
import { bulkSuite } from "../suites/bulk-suite.ts";
import { controlKeysSuite } from "../suites/control-keys-suite.ts";
import { rerunCostsSuite } from "../suites/rerun-costs-suite.ts";
import { rerunSuite } from "../suites/rerun-suite.ts";

rerunSuite(nodePlatform);
bulkSuite(nodePlatform);
controlKeysSuite(nodePlatform);
rerunCostsSuite(nodePlatform);
