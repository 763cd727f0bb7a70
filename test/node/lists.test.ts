import { listsBoundsSuite } from "../suites/lists-bounds-suite.ts";
import { listsFiltersSuite } from "../suites/lists-filters-suite.ts";
import { listsHttpSuite } from "../suites/lists-http-suite.ts";
import { nodePlatform } from "../support/node-platform.ts";

listsFiltersSuite(nodePlatform);
listsBoundsSuite(nodePlatform);
listsHttpSuite(nodePlatform);
