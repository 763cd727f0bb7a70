import { nodePlatform } from "../support/node-platform.ts";
import { definitionsSuite } from "../suites/definitions-suite.ts";

definitionsSuite(nodePlatform);
