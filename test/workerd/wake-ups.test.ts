import { wakeUpsSuite } from "../suites/wake-ups-suite.ts";
import { workerdPlatform } from "../support/workerd-platform.ts";

wakeUpsSuite(workerdPlatform);
