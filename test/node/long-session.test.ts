import { longSessionSuite } from "../suites/long-session-suite.ts";
import { nodePlatform } from "../support/node-platform.ts";

longSessionSuite(nodePlatform);
