import { nodePlatform } from "../support/node-platform.ts";
import { lifecycleSuite } from "../suites/lifecycle-suite.ts";

lifecycleSuite(nodePlatform);
