import { workerdPlatform } from "../support/workerd-platform.ts";
import { settleReportsSuite } from "../suites/settle-reports-suite.ts";
import { settleSuite } from "../suites/settle-suite.ts";

settleSuite(workerdPlatform);
settleReportsSuite(workerdPlatform);
