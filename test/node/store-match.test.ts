import { storeMatchSuite } from "../suites/store-match-suite.ts";
import { nodePlatform } from "../support/node-platform.ts";

storeMatchSuite(nodePlatform);
