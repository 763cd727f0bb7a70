import { longMapSuite } from "../suites/long-map-suite.ts";
import { nodePlatform } from "../support/node-platform.ts";

longMapSuite(nodePlatform);
