import { listsBoundsSuite } from "../suites/lists-bounds-suite.ts";
import { listsFiltersSuite } from "../suites/lists-filters-suite.ts";
import { listsHttpSuite } from "../suites/lists-http-suite.ts";
import { listsTasksSuite } from "../suites/lists-tasks-suite.ts";
import { webhooksFaultsSuite } from "../suites/webhooks-faults-suite.ts";
import { webhooksChangesSuite } from "../suites/webhooks-changes-suite.ts";
import { webhooksSuite } from "../suites/webhooks-suite.ts";
import { workerdPlatform } from "../support/workerd-platform.ts";

// To load a file costs workerd seconds: the suites of one theme share one.
listsFiltersSuite(workerdPlatform);
listsBoundsSuite(workerdPlatform);
listsHttpSuite(workerdPlatform);
listsTasksSuite(workerdPlatform);
webhooksSuite(workerdPlatform);
webhooksChangesSuite(workerdPlatform);
webhooksFaultsSuite(workerdPlatform);
