import { pinnedSuite } from "../suites/pinned-suite.ts";
import { nodePlatform } from "../support/node-platform.ts";

pinnedSuite(nodePlatform);
