import { twoStepsSuite } from "../suites/two-steps-suite.ts";
import { workerdPlatform } from "../support/workerd-platform.ts";

twoStepsSuite(workerdPlatform);
