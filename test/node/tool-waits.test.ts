import { nodePlatform } from "../support/node-platform.ts";
import { toolWaitsSuite } from "../suites/tool-waits-suite.ts";

toolWaitsSuite(nodePlatform);
