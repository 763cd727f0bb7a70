import { nodePlatform } from "../support/node-platform.ts";
import { twoStepsSuite } from "../suites/two-steps-suite.ts";

twoStepsSuite(nodePlatform);
