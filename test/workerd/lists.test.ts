import { listsBoundsSuite } from "../suites/lists-bounds-suite.ts";
import { listsFiltersSuite } from "../suites/lists-filters-suite.ts";
import { listsHttpSuite } from "../suites/lists-http-suite.ts";
import { workerdPlatform } from "../support/workerd-platform.ts";

listsFiltersSuite(workerdPlatform);
listsBoundsSuite(workerdPlatform);
listsHttpSuite(workerdPlatform);
