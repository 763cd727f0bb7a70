import { nodePlatform } from "../support/node-platform.ts";
import { concurrencySuite } from "../suites/concurrency-suite.ts";

concurrencySuite(nodePlatform);
