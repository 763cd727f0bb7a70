import { schedulesApiSuite } from "../suites/schedules-api-suite.ts";
import { schedulesCostsSuite } from "../suites/schedules-costs-suite.ts";
import { schedulesFaultsSuite } from "../suites/schedules-faults-suite.ts";
import { schedulesSuite } from "../suites/schedules-suite.ts";
import { nodePlatform } from "../support/node-platform.ts";

schedulesSuite(nodePlatform);
schedulesApiSuite(nodePlatform);
schedulesFaultsSuite(nodePlatform);
schedulesCostsSuite(nodePlatform);
