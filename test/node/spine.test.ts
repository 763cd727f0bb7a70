import { nodePlatform } from "../support/node-platform.ts";
import { spineSuite } from "../suites/spine-suite.ts";

spineSuite(nodePlatform);
