import { graphSuite } from "../suites/graph-suite.ts";
import { nodePlatform } from "../support/node-platform.ts";

graphSuite(nodePlatform);
