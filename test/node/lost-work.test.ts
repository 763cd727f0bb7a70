import { nodePlatform } from "../support/node-platform.ts";
import { lostWorkSuite } from "../suites/lost-work-suite.ts";

lostWorkSuite(nodePlatform);
