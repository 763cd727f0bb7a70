import { deadlinesSuite } from "../suites/deadlines-suite.ts";
import { workerdPlatform } from "../support/workerd-platform.ts";

deadlinesSuite(workerdPlatform);
