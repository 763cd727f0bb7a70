import { schedulesApiSuite } from "../suites/schedules-api-suite.ts";
import { schedulesCostsSuite } from "../suites/schedules-costs-suite.ts";
import { schedulesFaultsSuite } from "../suites/schedules-faults-suite.ts";
import { schedulesSuite } from "../suites/schedules-suite.ts";
import { bulkSuite } from "../suites/bulk-suite.ts";
import { controlKeysSuite } from "../suites/control-keys-suite.ts";
import { rerunCostsSuite } from "../suites/rerun-costs-suite.ts";
import { rerunSuite } from "../suites/rerun-suite.ts";
import { workerdPlatform } from "../support/workerd-platform.ts";

// To load a file costs workerd seconds: the suites of one theme share one.
schedulesSuite(workerdPlatform);
schedulesApiSuite(workerdPlatform);
schedulesFaultsSuite(workerdPlatform);
schedulesCostsSuite(workerdPlatform);
rerunSuite(workerdPlatform);
bulkSuite(workerdPlatform);
controlKeysSuite(workerdPlatform);
rerunCostsSuite(workerdPlatform);
