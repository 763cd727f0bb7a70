import { workerdPlatform } from "../support/workerd-platform.ts";
import { lostWorkSuite } from "../suites/lost-work-suite.ts";

lostWorkSuite(workerdPlatform);
