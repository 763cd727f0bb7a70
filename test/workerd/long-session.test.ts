import { longSessionSuite } from "../suites/long-session-suite.ts";
import { workerdPlatform } from "../support/workerd-platform.ts";

longSessionSuite(workerdPlatform);
