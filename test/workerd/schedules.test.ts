import { schedulesApiSuite } from "../suites/schedules-api-suite.ts";
import { schedulesCostsSuite } from "../suites/schedules-costs-suite.ts";
import { schedulesFaultsSuite } from "../suites/schedules-faults-suite.ts";
import { schedulesSuite } from "../suites/schedules-suite.ts";
import { workerdPlatform } from "../support/workerd-platform.ts";

schedulesSuite(workerdPlatform);
schedulesApiSuite(workerdPlatform);
schedulesFaultsSuite(workerdPlatform);
schedulesCostsSuite(workerdPlatform);
