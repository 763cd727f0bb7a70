import { costsSuite } from "../suites/costs-suite.ts";
import { workerdPlatform } from "../support/workerd-platform.ts";

costsSuite(workerdPlatform);
