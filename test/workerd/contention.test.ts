import { wakeUpsSuite } from "../suites/wake-ups-suite.ts";
import { concurrencySuite } from "../suites/concurrency-suite.ts";
import { fanOutSuite } from "../suites/fan-out-suite.ts";
import { workerdPlatform } from "../support/workerd-platform.ts";

// To load a file costs workerd seconds: the suites of one theme share one.
wakeUpsSuite(workerdPlatform);
concurrencySuite(workerdPlatform);
// Without turns each rival has seven tries: fewer of them, so that a slow machine fails nothing.
fanOutSuite(workerdPlatform, 30);
