import { concurrencySuite } from "../suites/concurrency-suite.ts";
import { workerdPlatform } from "../support/workerd-platform.ts";

concurrencySuite(workerdPlatform);
