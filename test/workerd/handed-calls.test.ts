import { workerdPlatform } from "../support/workerd-platform.ts";
import { handedCallsSuite } from "../suites/handed-calls-suite.ts";

handedCallsSuite(workerdPlatform);
