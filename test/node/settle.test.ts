import { nodePlatform } from "../support/node-platform.ts";
import { settleReportsSuite } from "../suites/settle-reports-suite.ts";
import { settleSuite } from "../suites/settle-suite.ts";

settleSuite(nodePlatform);
settleReportsSuite(nodePlatform);
