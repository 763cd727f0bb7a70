import { listsTasksSuite } from "../suites/lists-tasks-suite.ts";
import { nodePlatform } from "../support/node-platform.ts";

listsTasksSuite(nodePlatform);
