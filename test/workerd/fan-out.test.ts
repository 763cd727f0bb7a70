import { workerdPlatform } from "../support/workerd-platform.ts";
import { fanOutSuite } from "../suites/fan-out-suite.ts";

// Without turns each rival has seven tries: fewer of them, so that a slow machine fails nothing.
fanOutSuite(workerdPlatform, 30);
