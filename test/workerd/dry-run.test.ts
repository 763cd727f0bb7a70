import { workerdPlatform } from "../support/workerd-platform.ts";
import { dryRunSuite } from "../suites/dry-run-suite.ts";

dryRunSuite(workerdPlatform);
