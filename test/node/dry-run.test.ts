import { nodePlatform } from "../support/node-platform.ts";
import { dryRunSuite } from "../suites/dry-run-suite.ts";

dryRunSuite(nodePlatform);
