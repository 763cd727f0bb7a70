import { nodePlatform } from "../support/node-platform.ts";
import { wakeUpsSuite } from "../suites/wake-ups-suite.ts";

wakeUpsSuite(nodePlatform);
