import { nodePlatform } from "../support/node-platform.ts";
import { deadlinesSuite } from "../suites/deadlines-suite.ts";

deadlinesSuite(nodePlatform);
